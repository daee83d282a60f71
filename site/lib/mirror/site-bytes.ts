import type { Build } from '../../schemas/build.ts';
import type { Failure } from '../../schemas/failure.ts';

const utf8 = new TextEncoder();

/** A cache with more builds is large: most builds have a short page, and fewer bills of materials are served. */
export const LARGE_CACHE = 1_000;

/**
 * Number of builds with a full page in a large cache. In a smaller one, all have one.
 *
 * Pages share the site's gigabyte with tarballs. With 10,000 builds of 1,839 packages (generated, DAGs of 36 nodes),
 * each takes 5.96 kB of the whole site: its short page 1.6 kB, its document 1.1 kB, its part of its package's page 0.9 kB,
 * of the package's documents 0.7 kB and of its feed 0.26 kB, and full pages 0.4 kB. A full page takes 11 kB more than a
 * short one. With full pages for the newest build of each version and target, four of five builds would have one.
 *
 * Measured, but not done:
 *
 * - the facts of all builds in the page of their package (2.9 kB per build): it takes 1 MB for 400 builds.
 * - an HTML minifier: saves 0.2 kB per build, but needs a native program in each installation.
 * - one compressed file with the documents of all builds of a package: saves 0.9 kB, but programs would have to know a
 *   build's package and decompress.
 * - relative addresses in feeds (0.02 kB), and of schemas (0.05 kB).
 * - Astro's default for spaces (`compressHTML: 'jsx'`): saves 65 B, and joins words in 800 texts of 1,200 builds.
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
