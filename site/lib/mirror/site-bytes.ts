import type { Build } from '../../schemas/build.ts';
import type { Failure } from '../../schemas/failure.ts';

const utf8 = new TextEncoder();

/** A cache with more builds is large: most builds have a short page, and fewer bills of materials are served. */
export const LARGE_CACHE = 1_000;

/**
 * Number of builds with a full page in a large cache. In a smaller one, all have one.
 *
 * Pages share the site's gigabyte with tarballs. Measured with 1,000 builds with DAGs of 38 nodes, in bytes
 * per build for its page, its document in the API and its part of the graph:
 *
 * - everything in each page, each document with its node, links and copies: 21.4 kB (17.5 kB, 3.7 kB, 0.1 kB).
 * - a shorter full page, without the parts that need a script anyway: 12.8 kB. Head, menu, foot and four sets of
 *   commands are half of it.
 * - a prototype with a row for every build, with its facts, in the page of its package, and a stub: 2.9 kB
 *   and 0.2 kB, but the page of a package with 400 builds takes 1 MB.
 * - a short page with the most important facts and commands, to which a script adds the rest from the API:
 *   2.5 kB. Most builds of a large cache have this one.
 * - the document without links, copies and node: 1.6 kB; the nodes of a package in one compressed file: 0.4 kB.
 *
 * With full pages for the newest build of each version and target, four of five builds would have one.
 *
 * Measured with 10,000 builds of 1,839 packages (generated, DAGs of 36 nodes), in bytes of the whole site per
 * build, and per build beyond the first 1,000:
 *
 * - 1,000 full pages and 10 MB of bills of materials: 12.2 kB, 9.7 kB.
 * - 300 full pages and 2 MB of bills of materials: 10.6 kB, 8.0 kB.
 * - one style sheet for all pages, and short file names; short pages with a short description and without
 *   coloured variants; pages of packages in the layout of short pages, without a matrix if the list is short:
 *   8.8 kB, 6.0 kB.
 * - documents of builds without the sentence on machines, and with at most 20 dependents; 2,000 builds in
 *   `/manifest/`: 8.2 kB, 5.4 kB; 8.5 kB after later fields and pages.
 * - short pages that link to the commands for adding the cache and to the package's page instead of repeating
 *   them; documents without prefix and phases, and with 10 dependents; failures in the short layout; bills of
 *   materials and feeds without indentation; a sitemap without short pages: 7.1 kB, 4.5 kB. Of that, a build's page
 *   takes 1.7 kB, its document 1.4 kB, its package's page 1.2 kB, its package's documents 0.8 kB, and full pages
 *   0.4 kB.
 * - documents without the tag, the digest of the unpacked tarball and dependents; rows of a package's page without
 *   classes and wrappers; 250 builds in `/manifest/`; folds in `/new/` and `/api/`: 6.7 kB, 4.2 kB.
 * - pages without spaces at blocks (`tighten-html.ts`), and package pages that link how to add the cache: 0.18 kB less of
 *   9.96 kB at 2,000 builds.
 *
 * - the site's own data compressed (0.14 kB less); 0.5 MB of bills of materials (0.1 kB); rows of the list of packages
 *   (0.09 kB), header and build tools without classes (0.08 kB); documents of packages with variants instead of whole
 *   specs and without links (0.11 kB); lists of changes with two lists instead of a kind in each line; short ids of
 *   rows: 5.94 kB. Of that, a build's page takes 1.55 kB, its document 1.1 kB, its package's page 1.0 kB, its
 *   package's documents 0.7 kB and feed 0.26 kB, and full pages 0.4 kB.
 * - pages without quotes that HTML does not need: 0.2 kB less per build of 1,010 builds, where a page of a build
 *   loses 0.13 kB and one of a package 0.14 kB.
 *
 * Measured, but not done: an HTML minifier (saved 0.2 kB more while quotes stayed, but needs a native program in each installation),
 * and one compressed file with the documents of all builds of a package (saves 0.9 kB, but programs would
 * have to know a build's package and decompress). Relative addresses in feeds save 0.02 kB, those of schemas 0.05 kB.
 * Astro's default for spaces (`compressHTML: 'jsx'`) saves 29 B in a short page and 199 B in a package's, 65
 * B per build, and joins words in 800 texts of a site with 1,200 builds.
 */
const FULL_PAGES = 300;

/** Number of builds with a full page, out of all builds. */
export function countFullPages(builds: number): number {
  return builds > LARGE_CACHE ? FULL_PAGES : builds;
}

/**
 * Maximum bytes of all bills of materials on the site, and on that of a large cache. One takes 13 to 26 kB,
 * which for 10,000 builds would be a fifth of the space on Pages, taken from tarballs. `scripts/sbom.ts`
 * composes the same bytes for all others.
 */
const SBOM_BYTES = 7_000_000;
const SBOM_BYTES_OF_LARGE = 500_000;
const SBOM_BYTES_PER_BUILD = 13_000;

/** Maximum bytes of all bills of materials. */
export function sbomBudget(builds: number): number {
  return builds > LARGE_CACHE ? SBOM_BYTES_OF_LARGE : SBOM_BYTES;
}

/**
 * Estimated size of the site's own files: the plan is needed before the site is built from
 * it. Measured in the archive that Pages takes, whose headers and padding are a tenth to
 * a third of it: 13.8 MB at 300 builds, 32.5 MB at 1,000, 24.7 MB at 2,000, 91.9 MB at
 * 10,000, failures of 0.3 and 1.5 MB in the last two (estimated: 14.4, 34.1, 26.2,
 * 91.4). A build takes 15 kB with a full page and 4 kB with a short one, and 1 kB in lists; a package takes 12 to 18 kB.
 */
const SITE_BASE_BYTES = 3_000_000;
const SITE_BYTES_PER_FULL_PAGE = 14_500;
export const SITE_BYTES_PER_BUILD = 5_600;
export const SITE_BYTES_PER_PACKAGE = 15_000;

/** Estimated bytes of the site's pages and API. */
export function estimateSite(builds: readonly Build[]): number {
  return estimateSiteOf(builds.length, new Set(builds.map(({ name }) => name)).size);
}

/** The same estimate from the numbers of builds and packages. */
export function estimateSiteOf(builds: number, packages: number): number {
  return (
    SITE_BASE_BYTES +
    Math.min(sbomBudget(builds), SBOM_BYTES_PER_BUILD * builds) +
    SITE_BYTES_PER_FULL_PAGE * countFullPages(builds) +
    SITE_BYTES_PER_BUILD * builds +
    SITE_BYTES_PER_PACKAGE * packages
  );
}

/** Share of the budget for failures. Those that do not fit are only in the catalog. */
const FAILURES_SHARE = 0.05;
/** Bytes of a failure's page without its log, and of its lines in lists and API. */
const FAILURE_BYTES = 14_000;

/**
 * Number of failures, from the newest on, whose pages fit
 * into their share of the budget, and the bytes of these.
 */
export function takeFailures(
  failures: readonly Pick<Failure, 'log' | 'line'>[],
  budget: number,
): { count: number; bytes: number } {
  let bytes = 0;
  for (const [count, { log, line = '' }] of failures.entries()) {
    // A page has the log twice: as text and for copying.
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
