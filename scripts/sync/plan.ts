import type { LocalFile, PlacedFile } from './place.ts';

/** The file that says that a place was filled by this command: nothing is ever removed from any other. */
export const MARKER = 'sync.json';

/** What is to be done, in this order. */
export interface SyncPlan {
  /** Files to send: each stage names files of those before it alone. Files of equal size are to be compared first. */
  stages: { local: LocalFile; placed: PlacedFile | undefined }[][];
  /** Paths to remove, in stages, too: what names others goes before them. */
  removals: string[][];
}

/**
 * Stages of a site: blobs, what pages load, pages, and the manifests of indexes. Whenever it ends, an index that is
 * there names only what is there.
 */
const STAGES: readonly ((path: string) => boolean)[] = [
  (path) => path.startsWith('blobs/'),
  (path) => !path.startsWith('blobs/'),
  (path) => path.endsWith('.html'),
  (path) => path.startsWith('v3/manifests/index/'),
];

function stageOf(path: string): number {
  return STAGES.findLastIndex((isIn) => isIn(path));
}

/** Decides what a place lacks and what it has too much. Pure. */
export function planSync(local: readonly LocalFile[], placed: ReadonlyMap<string, PlacedFile>): SyncPlan {
  const wanted = new Set(local.map(({ path }) => path));
  const candidates = local
    .map((file) => ({ local: file, placed: placed.get(file.path) }))
    // A blob is named for its content, and appears whole or not at all.
    .filter(({ local: file, placed: found }) => !(file.digest && found?.size === file.size));
  const removals = [...placed.keys()].filter((path) => path !== MARKER && !wanted.has(path));
  return {
    stages: STAGES.map((_, stage) => candidates.filter(({ local: { path } }) => stageOf(path) === stage)),
    removals: STAGES.map((_, stage) => removals.filter((path) => stageOf(path) === stage)).reverse(),
  };
}
