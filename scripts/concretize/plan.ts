import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildFile } from '../../site/lib/catalog/catalog-files.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { LockFile } from '../../site/schemas/lock-file.ts';
import { hashesOf, runtimeDependencies } from '../../site/schemas/node.ts';
import { walk } from '../../site/lib/spack/dag.ts';

export interface BuildPlan {
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
): BuildPlan {
  const hashes = new Set<DagHash>();
  const cached = new Set<DagHash>();
  const roots = lock.roots.map(({ hash }) => hash);
  walk(roots, (hash) => {
    const node = lock.concrete_specs[hash];
    if (!node) throw new Error(`spack.lock: expected the node ${hash}, which another needs; solve it again`);
    if (node.external) return [];
    const isThere = isCached(hash);
    (isThere ? cached : hashes).add(hash);
    const followed = isThere ? runtimeDependencies(node) : node.dependencies;
    // A spliced spec is made of the binary that it was built as, and so is its installation from a cache.
    return hashesOf({ ...node, dependencies: followed });
  });
  return { hashes: [...hashes].sort(), cached: [...cached].sort() };
}

/** A plan, and what it leaves out of one for all roots. */
export interface PlanOfRest {
  plan: BuildPlan;
  /** Sorted. */
  leftOut: DagHash[];
}

/**
 * Plans the roots that may still be built: those that need nothing that has failed. What other roots alone need is left out,
 * too: nobody could use it.
 */
export function planRest(
  lock: Pick<LockFile, 'roots' | 'concrete_specs'>,
  isCached: (hash: DagHash) => boolean,
  hasFailed: (hash: DagHash) => boolean,
): PlanOfRest {
  const { hashes } = planBuild(lock, isCached);
  const failed = new Set(hashes.filter(hasFailed));
  const roots = lock.roots.filter(
    (root) => !planBuild({ ...lock, roots: [root] }, isCached).hashes.some((hash) => failed.has(hash)),
  );
  const plan = planBuild({ ...lock, roots }, isCached);
  const kept = new Set(plan.hashes);
  return { plan, leftOut: hashes.filter((hash) => !kept.has(hash)) };
}

/** What of a lock's roots and all that these need has no build in a catalog's folder. */
export function listMissing(lock: Pick<LockFile, 'roots' | 'concrete_specs'>, catalog: string): DagHash[] {
  const isThere = (hash: DagHash): boolean => {
    const node = lock.concrete_specs[hash];
    return node !== undefined && existsSync(join(catalog, buildFile(node)));
  };
  return planBuild(lock, isThere).hashes;
}
