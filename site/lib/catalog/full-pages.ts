import type { DagHash } from '../../schemas/digest.ts';
import type { SiteCatalog } from './site-catalog.ts';

/**
 * Up to this number of builds each has a full page.
 *
 * Pages share the site's gigabyte with tarballs. Measured at 10,000 builds with DAGs of 38 nodes, bytes a build, pages
 * of builds with graph and API document: full pages for all cost 21.4 kB (17.5 kB the page). Without what needs a
 * script anyway, what is the same in all, and long lists, a full page still costs 7 to 8 kB, of which the head, the
 * menu and four sets of commands are half. Rows in the page of the package with stubs at the old addresses cost as much
 * as short pages (2.9 kB against 1.6 kB and a row that is there anyway), and a page of 400 builds is then 1 MB. So most
 * builds have a short page with what one must know and do, and the rest comes from the API by a script.
 */
export const ALL_FULL = 1_000;

/**
 * Builds whose page is a full one: those that people come upon first. In a large cache these are the newest build of
 * each package and the roots of environments; in a small one all.
 */
export function fullPages({
  builds,
  packages,
  locks,
}: Pick<SiteCatalog, 'builds' | 'packages' | 'locks'>): ReadonlySet<DagHash> {
  if (builds.size <= ALL_FULL) return new Set(builds.keys());
  const roots = [...locks.values()].flatMap((lock) => lock.roots.map(({ hash }) => hash));
  const newest = [...packages.values()].flatMap(({ builds: [first] }) => (first ? [first.build.hash] : []));
  return new Set([...roots, ...newest]);
}
