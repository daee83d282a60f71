import type { DagHash } from '../../site/schemas/digest.ts';
import type { LockFile } from '../../site/schemas/lock-file.ts';
import type { Dependency } from '../../site/schemas/node.ts';

export interface Plan {
  /** What a build may produce: needed, not external, not cached. Sorted. */
  hashes: DagHash[];
  /** What a build will find in the cache. Sorted. */
  cached: DagHash[];
}

/**
 * Decides what building a lock's roots takes. A cached node is unpacked, so only what it needs to run is looked
 * at beneath it; of a node that is built everything is.
 * Throws when the lock lacks a node.
 */
export function planBuild(
  lock: Pick<LockFile, 'roots' | 'concrete_specs'>,
  isCached: (hash: DagHash) => boolean,
): Plan {
  const hashes = new Set<DagHash>();
  const cached = new Set<DagHash>();
  const open = lock.roots.map(({ hash }) => hash);
  for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
    if (hashes.has(hash) || cached.has(hash)) continue;
    const node = lock.concrete_specs[hash];
    if (!node) throw new Error(`spack.lock: expected the node ${hash}, which another needs; solve it again`);
    if (node.external) continue;
    const isThere = isCached(hash);
    (isThere ? cached : hashes).add(hash);
    open.push(...node.dependencies.filter((one) => !isThere || isForRunning(one)).map((one) => one.hash));
  }
  return { hashes: [...hashes].sort(), cached: [...cached].sort() };
}

function isForRunning({ parameters }: Dependency): boolean {
  return parameters.deptypes.includes('link') || parameters.deptypes.includes('run');
}
