import type { Build } from '../../schemas/build.ts';
import type { Failure } from '../../schemas/failure.ts';

const utf8 = new TextEncoder();

/** A cache of more builds is a large one: most of its builds have a short page, and it serves fewer bills of materials. */
export const LARGE_CACHE = 1_000;

/**
 * This number of builds has a full page in a large cache; in a smaller one all.
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
 *
 * Measured at 10,000 builds of 1,839 packages (generated, DAGs of 36 nodes), in bytes of the whole site a build, and of
 * each build beyond the first 1,000:
 *
 * - 1,000 full pages and 10 MB of bills of materials: 12.2 kB, 9.7 kB.
 * - 300 full pages and 2 MB of bills of materials: 10.6 kB, 8.0 kB.
 * - one style sheet for all pages and short names of files; short pages with a short description and without
 *   coloured variants; pages of packages in the frame of short pages, without a matrix where the list is short:
 *   8.8 kB, 6.0 kB.
 * - documents of builds without the sentence on machines, and with 20 dependents at most; 2,000 builds in `/manifest/`:
 *   8.2 kB, 5.4 kB; 8.5 kB after fields and pages that came since.
 * - short pages that link how to add the cache and the package's page instead of repeating them; documents without
 *   prefix and phases, and with 10 dependents; failures in the short frame; bills of materials without indentation;
 *   feeds without indentation; a sitemap without short pages: 7.1 kB, 4.5 kB. Of that are 1.7 kB a build's page, 1.4 kB
 *   its document, 1.2 kB its package's page, 0.8 kB its package's documents, 0.4 kB full pages.
 * - documents without the tag, the digest of the unpacked tarball and dependents; rows of a package's page without classes
 *   and wrappers; 250 builds in `/manifest/`; folds in `/new/` and `/api/`: 6.7 kB, 4.2 kB.
 *
 * What would make it less, measured there and left: a minifier of HTML (0.3 kB, for a native program in each
 * installation), and documents of all builds of a package in one compressed file (0.9 kB, yet programs would have to know
 * a build's package and unpack). 6 kB of the whole site at 10,000 builds takes both. Astro's default for spaces
 * (`compressHTML: 'jsx'`) takes 29 B off a short page and 199 B off a package's, 65 B a build, and joins words in 800
 * texts of a site of 1,200 builds.
 */
const FULL_PAGES = 300;

/** How many of so many builds have a full page. */
export function countFullPages(builds: number): number {
  return builds > LARGE_CACHE ? FULL_PAGES : builds;
}

/**
 * Bytes of all bills of materials that the site serves, and that of a large cache: one takes 13 to 26 kB, which for each
 * of 10,000 builds would be a fifth of what Pages holds, in place of tarballs. `scripts/sbom.ts` composes the same bytes
 * for all others.
 */
const SBOM_BYTES = 7_000_000;
const SBOM_BYTES_OF_LARGE = 1_500_000;
const SBOM_BYTES_PER_BUILD = 13_000;

/** The most bytes that bills of materials may take. */
export function sbomBudget(builds: number): number {
  return builds > LARGE_CACHE ? SBOM_BYTES_OF_LARGE : SBOM_BYTES;
}

/**
 * What the site's own files take, estimated, since the plan must stand before the site is built from it. Measured in the
 * archive that Pages takes, whose headers and padding are a tenth to two fifths of it: 14.3 MB at 300 builds, 33.5 MB at
 * 1,000, 37.6 MB at 3,000, 99.5 MB at 10,000, failures of 0.4 and 1.5 MB in the last two (estimated: 14.8, 35.2, 39.9,
 * 102.2). A build takes 15 kB with a full page and 4 kB with a short one, and 2 kB in lists; a package takes 13 to 20 kB.
 */
const SITE_BASE_BYTES = 3_000_000;
const SITE_BYTES_PER_FULL_PAGE = 14_500;
export const SITE_BYTES_PER_BUILD = 6_300;
export const SITE_BYTES_PER_PACKAGE = 16_500;

/** Bytes of the site's pages and API. */
export function estimateSite(builds: readonly Build[]): number {
  return estimateSiteOf(builds.length, new Set(builds.map(({ name }) => name)).size);
}

/** The same, from numbers of builds and packages alone. */
export function estimateSiteOf(builds: number, packages: number): number {
  return (
    SITE_BASE_BYTES +
    Math.min(sbomBudget(builds), SBOM_BYTES_PER_BUILD * builds) +
    SITE_BYTES_PER_FULL_PAGE * countFullPages(builds) +
    SITE_BYTES_PER_BUILD * builds +
    SITE_BYTES_PER_PACKAGE * packages
  );
}

/** The share of the budget for what was tried and did not build. Failures that do not fit stay in the catalog only. */
const FAILURES_SHARE = 0.05;
/** Of a failure's page, without its log, and of its lines in lists and API. */
const FAILURE_BYTES = 14_000;

/** How many failures, the newest first, have a page within their share of the budget, and the bytes that these take. */
export function takeFailures(
  failures: readonly Pick<Failure, 'log' | 'line'>[],
  budget: number,
): { count: number; bytes: number } {
  let bytes = 0;
  for (const [count, { log, line = '' }] of failures.entries()) {
    // A page has the log as text, and once more to copy.
    const more = FAILURE_BYTES + 2 * [line, ...log].reduce((sum, text) => sum + escapedBytes(text) + 1, 0);
    if (bytes + more > FAILURES_SHARE * budget) return { count, bytes };
    bytes += more;
  }
  return { count: failures.length, bytes };
}

/** Bytes of a text in HTML. */
function escapedBytes(text: string): number {
  return utf8.encode(text).length + '&#34;'.length * (text.match(/["'&<>]/g)?.length ?? 0);
}
