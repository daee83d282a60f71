import type { Coverage } from '../../schemas/api/coverage.ts';
import type { LockFile } from '../../schemas/lock-file.ts';
import { coverLock, listNeeded, type KnownCache } from '../catalog/coverage.ts';
import type { DagHash } from '../../schemas/digest.ts';

/** A cache with its address. */
export interface NamedCache extends KnownCache {
  url: string;
}

/** Coverage of a lock by several caches together. */
export interface SharedCoverage extends Coverage {
  /** Caches in the given order, and the number of needed specs that each has. */
  caches: { url: string; has: number }[];
  /**
   * The smallest set of mirrors that has all available specs, in the order in which Spack should ask them.
   */
  mirrors: ChosenMirror[];
}

/** Covers a lock with several caches. A build that several have is downloaded from the first of them. */
export function coverTogether(lock: LockFile, caches: readonly NamedCache[]): SharedCoverage {
  const builds = new Map(
    caches.toReversed().flatMap((cache) => cache.builds.map((build) => [build.hash, build])),
  );
  const together = { builds: [...builds.values()], failures: caches.flatMap(({ failures }) => failures) };
  const needed = listNeeded(lock, together);
  const holders = caches.map(({ url, builds: own }) => {
    const hashes = new Set(own.map(({ hash }) => hash));
    return { url, has: new Set(needed.filter((hash) => hashes.has(hash))) };
  });
  return {
    ...coverLock(lock, together),
    caches: holders.map(({ url, has }) => ({ url, has: has.size })),
    mirrors: smallestMirrorSet(needed, holders),
  };
}

/** A cache among several, and the specs that it has. */
export interface Holder {
  /** Its address. */
  url: string;
  /** Those of the needed specs that it has. */
  has: ReadonlySet<DagHash>;
}

/** A mirror that is worth adding. */
interface ChosenMirror {
  url: string;
  /** Number of specs that it has and no earlier mirror has. */
  adds: number;
}

/** Maximum number of caches: bits of a number that are safe in bitwise operations. */
const MOST_HOLDERS = 30;

/**
 * Finds the smallest set of caches that together have every spec that any of them has. Of several such sets,
 * it takes the one with the earliest caches in the given order. The result is in the order in which Spack
 * should ask them: each time the one that adds most, or the first of equal ones.
 */
export function smallestMirrorSet(specs: Iterable<DagHash>, holders: readonly Holder[]): ChosenMirror[] {
  if (holders.length > MOST_HOLDERS)
    throw new Error(`expected at most ${MOST_HOLDERS} caches, found ${holders.length}`);
  const wanted = [...new Set(specs)];
  const masks = wanted.map((hash) =>
    holders.reduce((mask, { has }, at) => (has.has(hash) ? mask | (1 << at) : mask), 0),
  );
  return orderByGain(findSmallest(reduceMasks(masks), holders.length), wanted, holders);
}

/** Each mask has the caches with a spec. A mask that contains another one is redundant. */
function reduceMasks(masks: readonly number[]): number[] {
  const distinct = [...new Set(masks)].filter((mask) => mask !== 0);
  return distinct.filter((mask) => !distinct.some((other) => other !== mask && (other & mask) === other));
}

/** The first set, by size and then by the positions of its members, that meets every mask. */
function findSmallest(masks: readonly number[], count: number): number[] {
  // A cache that is the only one with a spec is in every set.
  const forced = masks.filter((mask) => (mask & (mask - 1)) === 0).reduce((set, mask) => set | mask, 0);
  for (let size = 0; size <= count; size += 1) {
    const smallest = search(0, 0, size);
    if (smallest !== undefined)
      return Array.from({ length: count }, (_, at) => at).filter((at) => smallest & (1 << at));
  }
  return [];

  function search(set: number, from: number, left: number): number | undefined {
    const unmet = masks.filter((mask) => (mask & set) === 0);
    if (left === 0) return unmet.length === 0 ? set : undefined;
    // If all caches of a mask have been passed, it can no longer be met.
    if (unmet.some((mask) => mask >>> from === 0)) return undefined;
    for (let at = from; at < count; at += 1) {
      const completed = search(set | (1 << at), at + 1, left - 1);
      if (completed !== undefined) return completed;
      if (forced & (1 << at)) return undefined;
    }
    return undefined;
  }
}

function orderByGain(
  places: readonly number[],
  wanted: readonly DagHash[],
  holders: readonly Holder[],
): ChosenMirror[] {
  const left = new Set(wanted);
  const open = places.flatMap((place) => holders[place] ?? []);
  const chosen: ChosenMirror[] = [];
  while (open.length > 0) {
    const gains = open.map(({ has }) => [...left].filter((hash) => has.has(hash)));
    const best = gains.reduce((most, gain, at) => (gain.length > (gains[most]?.length ?? 0) ? at : most), 0);
    const [holder] = open.splice(best, 1);
    for (const hash of gains[best] ?? []) left.delete(hash);
    if (holder) chosen.push({ url: holder.url, adds: gains[best]?.length ?? 0 });
  }
  return chosen;
}
