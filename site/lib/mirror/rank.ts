import type { Build } from '../../schemas/build.ts';
import type { DagHash } from '../../schemas/digest.ts';
import { DAY_MS } from '../format.ts';
import { runtimeClosure, runtimeEdges } from './views.ts';
import type { SpecNode } from '../spack/dag.ts';
import { compareTexts } from '../spack/versions.ts';

/** Age, relative to the newest build, at which a build is worth half as much. */
const HALF_LIFE_DAYS = 180;

/** A build with its run-time closure. */
export interface RankedBuild {
  build: Build;
  /** DAG hashes of binaries in its run-time closure, including its own. */
  closure: Set<DagHash>;
}

/**
 * Builds in the order in which a mirror of limited size should take them, by
 *
 *     score = users × 0.5 ^ (age / 180 days) ÷ bytes
 *
 * where users is the number of builds whose run-time closure contains it
 * (including itself), age is relative to the newest build of all, and bytes is
 * the size of the tarballs of its whole closure. Equal scores: by DAG hash.
 */
export function rankBuilds(builds: readonly Build[], nodes: ReadonlyMap<DagHash, SpecNode>): RankedBuild[] {
  const byHash = new Map(builds.map((build) => [build.hash, build]));
  const edges = runtimeEdges(nodes);
  const users = new Map<DagHash, number>();
  const entries = builds.map((build) => {
    const closure = runtimeClosure([build.hash], nodes, byHash, edges);
    let bytes = 0;
    for (const hash of closure) {
      users.set(hash, (users.get(hash) ?? 0) + 1);
      bytes += byHash.get(hash)?.tarball.size ?? 0;
    }
    return { build, closure, bytes, published: Date.parse(build.published) };
  });
  const newest = entries.reduce((latest, { published }) => Math.max(latest, published), -Infinity);
  const scored = entries.map(({ build, closure, bytes, published }) => {
    const recency = 0.5 ** ((newest - published) / DAY_MS / HALF_LIFE_DAYS);
    return { build, closure, score: ((users.get(build.hash) ?? 1) * recency) / Math.max(bytes, 1) };
  });
  return scored
    .sort((a, b) => b.score - a.score || compareTexts(a.build.hash, b.build.hash))
    .map(({ build, closure }) => ({ build, closure }));
}
