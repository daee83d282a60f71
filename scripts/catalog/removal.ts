import type { Build } from '../../site/schemas/build.ts';
import { Removed } from '../../site/schemas/removed.ts';

/** Where a removed build is remembered, below the catalog's folder. */
export function removedPath({ hash }: Pick<Removed, 'hash'>): string {
  return `removed/${hash}.json`;
}

/**
 * What `removed/<hash>.json` says from now on.
 * @param before what it says of earlier times, when the build was removed and published again
 */
export function recordRemoval(
  { name, version, hash, published }: Pick<Build, 'name' | 'version' | 'hash' | 'published'>,
  { removed, reason }: { removed: string; reason: string },
  before?: Removed,
): Removed {
  return Removed.parse({
    name,
    version,
    hash,
    stays: [...(before?.stays ?? []), { published, removed, reason }],
  });
}
