import { copyFile, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Digest } from '../../site/schemas/digest.ts';
import { ignoreMissing, measureFiles } from '../cli/files.ts';

/** A file in a place's list. */
export interface PlacedFile {
  size: number;
  /** MD5 of the content in hex, if the place reports it. */
  md5?: string | undefined;
}

/** A file to send. */
export interface LocalFile {
  /** Relative to the site's root, with slashes. */
  path: string;
  /** Path on this disk. */
  file: string;
  size: number;
  /** Digest of a blob, known from its file name. */
  digest?: Digest | undefined;
}

/** A directory or a bucket that holds a site. */
export interface Place {
  /** Name in messages. */
  readonly address: string;
  /** Maximum size of a file in bytes (default: no limit). */
  readonly mostBytes?: number;
  /** Lists every file, keyed by path. */
  list(): Promise<Map<string, PlacedFile>>;
  /** Whether a file of the same size has the same content; may read both. */
  isSame(local: LocalFile, placed: PlacedFile): Promise<boolean>;
  /** Writes a file as a whole; a failure leaves the old one. */
  put(local: LocalFile): Promise<void>;
  remove(path: string): Promise<void>;
}

/** Opens a directory that a web server serves; it is created at the first write. */
export async function openFolderPlace(folder: string): Promise<Place> {
  const stats = await stat(folder).catch(ignoreMissing);
  if (stats && !stats.isDirectory())
    throw new Error(`${folder}: expected a directory, found a file; give another with --to`);
  return {
    address: folder,
    list: () => Promise.resolve(new Map([...measureFiles(folder)].map(([path, size]) => [path, { size }]))),
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
        throw new Error(
          `${target} cannot be written; make its folder writable, let no other sync run, and run it again`,
          { cause },
        );
      }
    },
    remove: (path) => rm(join(folder, path), { force: true }),
  };
}
