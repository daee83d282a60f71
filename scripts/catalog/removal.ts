import { join } from 'node:path';
import type { Build } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { Removed } from '../../site/schemas/removed.ts';
import { readCatalogFiles } from './catalog.ts';

/** Path of a removed build's record, below the catalog's folder. */
export function removedPath({ hash }: Pick<Removed, 'hash'>): string {
  return `removed/${hash}.json`;
}

/** The records of removed builds by DAG hash. Throws, naming the file, when one does not fit its schema. */
export function readRemoved(directory: string): Map<DagHash, Removed> {
  return new Map(
    [...readCatalogFiles(directory, 'removed', Removed)].map(([path, removed]) => {
      if (path !== removedPath(removed))
        throw new Error(
          `${join(directory, path)}: expected the record of that hash, found that of ${removed.hash}; restore it from git`,
        );
      return [removed.hash, removed];
    }),
  );
}

/**
 * The new content of `removed/<hash>.json`.
 * @param removed UTC, whole seconds
 * @param before the present content, when the build was removed earlier and published again
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
    // An interrupted run may have recorded this stay already, and left the build.
    stays: [
      ...(before?.stays ?? []).filter((stay) => stay.published !== published),
      { published, removed, reason },
    ],
  });
}
