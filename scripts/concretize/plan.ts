import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildFile } from '../../site/lib/catalog/catalog-files.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { LockFile } from '../../site/schemas/lock-file.ts';
import { hashesOf, runtimeDependencies } from '../../site/schemas/node.ts';
import { walk } from '../../site/lib/spack/dag.ts';

export interface BuildPlan {
  /** Hashes that a build may produce: needed, not external, not cached. Sorted. */
  hashes: DagHash[];
  /** Hashes that a build finds in the cache. Sorted. */
  cached: DagHash[];
}

type Lock = Pick<LockFile, 'roots' | 'concrete_specs'>;
type IsCached = (hash: DagHash) => boolean;

/**
 * Plans what building a lock's roots requires. A cached node is unpacked, so only its run-time dependencies
 * are followed; for a node that is built, all are. Throws when the lock lacks a node.
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
  // A spliced spec is made from the binary of its build spec, even when it is installed from a cache.
  return hashesOf(isCached(hash) ? { ...node, dependencies: runtimeDependencies(node) } : node);
}

/** A plan, and the hashes that it leaves out of the plan for all roots. */
export interface PlanOfRest {
  plan: BuildPlan;
  /** Sorted. */
  leftOut: DagHash[];
}

/**
 * Plans the roots that can still be built: those that do not need anything that has failed. Leaves out what
 * only the other roots need, too, since nobody could use it.
 */
export function planRest(lock: Lock, isCached: IsCached, hasFailed: (hash: DagHash) => boolean): PlanOfRest {
  const { hashes, cached } = planBuild(lock, isCached);
  const needs = [...hashes, ...cached].flatMap((hash) =>
    needsOf(hash, lock, isCached).map((need) => ({ hash, need })),
  );
  const dependents = Map.groupBy(needs, ({ need }) => need);
  const lost = new Set(
    walk(hashes.filter(hasFailed), (need) => dependents.get(need)?.map(({ hash }) => hash) ?? []),
  );
  const plan = planBuild({ ...lock, roots: lock.roots.filter(({ hash }) => !lost.has(hash)) }, isCached);
  const kept = new Set(plan.hashes);
  return { plan, leftOut: hashes.filter((hash) => !kept.has(hash)) };
}

/** The hashes of a lock's roots and their dependencies that have no build in a catalog's folder. */
export function listMissing(lock: Lock, catalog: string): DagHash[] {
  const isThere = (hash: DagHash): boolean => {
    const node = lock.concrete_specs[hash];
    return node !== undefined && existsSync(join(catalog, buildFile(node)));
  };
  return planBuild(lock, isThere).hashes;
}
