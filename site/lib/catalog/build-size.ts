import type { Node } from '../../schemas/node.ts';
import { runtimeDependencies } from '../../schemas/node.ts';
import type { SiteCatalog } from './site-catalog.ts';

/** What installing a build takes. */
export interface InstallCost {
  /** Bytes to download with all run-time dependencies, as far as they have a binary here. */
  bytes: number;
  /** Run-time dependencies with a binary here. */
  cached: number;
  /** Run-time dependencies that have none and are not part of the system: Spack would build them. */
  missing: number;
}

/** What installing a build takes with its run-time dependencies, itself counted in `bytes` alone. */
export function installCost(
  node: Node,
  { nodes, builds }: Pick<SiteCatalog, 'nodes' | 'builds'>,
): InstallCost {
  const cost: InstallCost = { bytes: 0, cached: 0, missing: 0 };
  const closure = new Set([node.hash]);
  for (const hash of closure) {
    const build = builds.get(hash)?.build;
    const current = nodes.get(hash)?.node;
    if (!current) continue;
    if (current.external) continue;
    cost.bytes += build?.tarball.size ?? 0;
    if (hash !== node.hash) cost[build ? 'cached' : 'missing'] += 1;
    for (const dependency of runtimeDependencies(current)) closure.add(dependency.hash);
  }
  return cost;
}
