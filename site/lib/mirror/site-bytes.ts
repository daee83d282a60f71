import type { Build } from '../../schemas/build.ts';

/**
 * This number of builds has a full page; in a smaller cache all.
 *
 * Pages share the site's gigabyte with tarballs. Measured at 1,000 builds with DAGs of 38 nodes, in bytes a
 * build for its page, its document in the API and its part of the graph:
 *
 * - all of it in each page, each document with its node, links and copies: 21.4 kB (17.5 kB, 3.7 kB, 0.1 kB).
 * - a full page without what needs a script anyway, and shorter: 12.8 kB. Head, menu, foot and four sets of commands
 *   are half of it.
 * - a prototype with every build as a row with its facts in its package's page, and a stub: 2.9 kB and 0.2 kB, yet the
 *   page of a package with 400 builds takes 1 MB.
 * - a short page with what one must know and do, to which a script adds the rest from the API: 2.5 kB. That is what
 *   most builds of a large cache have.
 * - the document without links, copies and node: 1.6 kB; the nodes of a package in one compressed file: 0.4 kB.
 *
 * Full pages for the newest build of each version and target would be four of five builds.
 */
export const FULL_PAGES = 1_000;

/**
 * What the site's own files take, estimated, since the plan must stand before the site is built from it. Measured at
 * 1,000 builds: 15 kB a build with a full page (the first `FULL_PAGES`), 5 kB for any other,
 * and 16 kB a package, pages and API together; a fifth more is set aside, also for headers and padding in the archive
 * that Pages takes.
 */
const SITE_BASE_BYTES = 2_000_000;
const SITE_BYTES_PER_FULL_PAGE = 12_000;
const SITE_BYTES_PER_BUILD = 9_000;
const SITE_BYTES_PER_PACKAGE = 24_000;

/** Bytes of the site's pages and API. */
export function estimateSite(builds: readonly Build[]): number {
  const packages = new Set(builds.map(({ name }) => name)).size;
  return (
    SITE_BASE_BYTES +
    SITE_BYTES_PER_FULL_PAGE * Math.min(builds.length, FULL_PAGES) +
    SITE_BYTES_PER_BUILD * builds.length +
    SITE_BYTES_PER_PACKAGE * packages
  );
}
