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

type Lock = Pick<LockFile, 'roots' | 'concrete_specs'>;
type IsCached = (hash: DagHash) => boolean;

/**
 * Decides what building a lock's roots takes. A cached node is unpacked, so only what it needs to run is looked
 * at beneath it; of a node that is built everything is.
 * Throws when the lock lacks a node.
 */
export function planBuild(lock: Lock, isCached: IsCached): BuildPlan {
  const hashes: DagHash[] = [];
  const cached: DagHash[] = [];
  const roots = lock.roots.map(({ hash }) => hash);
  for (const hash of walk(roots, (hash) => needsOf(hash, lock, isCached)))
    if (!lock.concrete_specs[hash]?.external) (isCached(hash) ? cached : hashes).push(hash);
  return { hashes: hashes.sort(), cached: cached.sort() };
}

function needsOf(hash: DagHash, { concrete_specs: nodes }: Lock, isCached: IsCached): DagHash[] {
  const node = nodes[hash];
  if (!node) throw new Error(`spack.lock: expected the node ${hash}, which another needs; solve it again`);
  if (node.external) return [];
  // A spliced spec is made of the binary that it was built as, and so is its installation from a cache.
  return hashesOf(isCached(hash) ? { ...node, dependencies: runtimeDependencies(node) } : node);
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
export function planRest(lock: Lock, isCached: IsCached, hasFailed: (hash: DagHash) => boolean): PlanOfRest {
  const { hashes, cached } = planBuild(lock, isCached);
  const dependents = new Map<DagHash, DagHash[]>();
  for (const hash of [...hashes, ...cached]) {
    for (const need of needsOf(hash, lock, isCached)) {
      const list = dependents.get(need);
      if (list) list.push(hash);
      else dependents.set(need, [hash]);
    }
  }
  const lost = new Set(walk(hashes.filter(hasFailed), (hash) => dependents.get(hash) ?? []));
  const plan = planBuild({ ...lock, roots: lock.roots.filter(({ hash }) => !lost.has(hash)) }, isCached);
  const kept = new Set(plan.hashes);
  return { plan, leftOut: hashes.filter((hash) => !kept.has(hash)) };
}

/** What of a lock's roots and all that these need has no build in a catalog's folder. */
export function listMissing(lock: Lock, catalog: string): DagHash[] {
  const isThere = (hash: DagHash): boolean => {
    const node = lock.concrete_specs[hash];
    return node !== undefined && existsSync(join(catalog, buildFile(node)));
  };
  return planBuild(lock, isThere).hashes;
}
