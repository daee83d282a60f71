import type { DagHash } from '../../schemas/digest.ts';
import { countFullPages } from '../mirror/site-bytes.ts';
import type { CatalogPackage, SiteCatalog } from '../catalog/site-catalog.ts';

/**
 * Builds with a full page, in the order in which people come across them:
 * those that snapshots and pins name, roots of environments, then the newest
 * build of each package, beginning with those that most builds depend on.
 */
export function fullPages(
  catalog: Pick<SiteCatalog, 'builds' | 'packages' | 'locks' | 'kept' | 'dependents'>,
): ReadonlySet<DagHash> {
  const { builds, packages, locks, kept, dependents } = catalog;
  const count = countFullPages(builds.size);
  if (count === builds.size) return new Set(builds.keys());
  const needed = ({ builds: own }: CatalogPackage): number =>
    own.reduce((sum, { build }) => sum + (dependents.get(build.hash)?.length ?? 0), 0);
  const ranked = [...packages.values()]
    .map((entry) => ({ newest: entry.builds[0]?.build.hash ?? '', needed: needed(entry) }))
    .sort((left, right) => right.needed - left.needed);
  const roots = [...locks.values()].flatMap((lock) => lock.roots.map(({ hash }) => hash));
  const first = new Set([
    ...kept.keys(),
    ...roots.filter((hash) => builds.has(hash)),
    ...ranked.map(({ newest }) => newest),
  ]);
  return new Set([...first].slice(0, count));
}
