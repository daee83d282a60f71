import type { Coverage } from '../../schemas/api/coverage.ts';
import type { LockFile } from '../../schemas/lock-file.ts';
import { coverLock, listNeeded, type KnownCache } from '../catalog/coverage.ts';
import { smallestMirrorSet, type ChosenMirror } from './mirror-set.ts';

/** A cache with its address. */
export interface NamedCache extends KnownCache {
  url: string;
}

/** How much of a lock several caches have together. */
export interface SharedCoverage extends Coverage {
  /** The caches in the order given, and how many of the needed specs each has. */
  caches: { url: string; has: number }[];
  /** The smallest set of mirrors that has all of what is there, in the order in which Spack should ask them. */
  mirrors: ChosenMirror[];
}

/** Covers a lock with several caches; of a build that several have, the first one's is downloaded. */
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
