import { copyFile, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fastGlob from 'fast-glob';
import type { Digest } from '../../site/schemas/digest.ts';
import { ignoreMissing, isErrorCode } from '../cli/files.ts';

/** A file of a place as its list has it. */
export interface PlacedFile {
  size: number;
  /** MD5 of the content in hex, where the place says it. */
  md5?: string | undefined;
}

/** A file to send. */
export interface LocalFile {
  /** Relative to the site's root, with slashes. */
  path: string;
  /** Where it is on this disk. */
  file: string;
  size: number;
  /** Known without reading for a blob, which is named for it. */
  digest?: Digest | undefined;
}

/** A directory or a bucket that a site is kept in. */
export interface Place {
  /** As messages name it. */
  readonly address: string;
  /** The most bytes that a file of it may have. Absent: no limit. */
  readonly mostBytes?: number;
  /** Every file, by its path. */
  list(): Promise<Map<string, PlacedFile>>;
  /** Whether a file of the same size has the content of this one; may read either. */
  isSame(local: LocalFile, placed: PlacedFile): Promise<boolean>;
  /** Writes a file: afterwards it is there whole, or as it was before. */
  put(local: LocalFile): Promise<void>;
  remove(path: string): Promise<void>;
}

/** Opens a directory that a web server serves; it is made when it is first written to. */
export async function openFolderPlace(folder: string): Promise<Place> {
  const stats = await stat(folder).catch(ignoreMissing);
  if (stats && !stats.isDirectory())
    throw new Error(`${folder}: expected a directory, found a file; give another with --to`);
  return {
    address: folder,
    async list() {
      const files = await fastGlob('**', { cwd: folder, dot: true, stats: true, followSymbolicLinks: false });
      return new Map(files.map((entry) => [entry.path, { size: entry.stats?.size ?? 0 }]));
    },
    async isSame({ path, file }) {
      const [ours, theirs] = await Promise.all([readFile(file), readFile(join(folder, path))]);
      return ours.equals(theirs);
    },
    async put({ path, file }) {
      const target = join(folder, path);
      const partial = `${target}.part-${process.pid}`;
      try {
        await mkdir(dirname(target), { recursive: true });
        await copyFile(file, partial);
        await rename(partial, target);
      } catch (cause) {
        await rm(partial, { force: true });
        const advice = isErrorCode(cause, 'ENOSPC')
          ? 'the disk is full: free some space'
          : isErrorCode(cause, 'ENOENT')
            ? 'it was taken away meanwhile: another sync may be running'
            : 'make its folder writable';
        throw new Error(`${target} cannot be written; ${advice}, and run it again`, { cause });
      }
    },
    remove: (path) => rm(join(folder, path), { force: true }),
  };
}
