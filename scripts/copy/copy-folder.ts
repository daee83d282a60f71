import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import fastGlob from 'fast-glob';
import { z } from 'zod';
import { parseJson } from '../../site/lib/json.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { ignoreMissing, replaceFile } from '../cli/files.ts';
import { retry } from '../http/retry.ts';
import { openBlobCache } from '../mirror/blob-cache.ts';

/**
 * The file that marks a directory as a copy of a view. Files are only ever removed from directories with it.
 */
const MARKER = 'copy.json';
const MIRROR_FOLDERS = ['v3', 'blobs'];

const Marker = z.object({ version: z.literal(1), view: z.string() });

/** A directory that a view is copied into. Each file appears completely or not at all. */
export interface CopyFolder {
  /**
   * Adds a blob, unless it is there and intact. Calls `open` again when a transfer breaks; `signal` aborts
   * one.
   */
  addBlob(blob: Blob, open: () => Promise<Readable>, signal?: AbortSignal): Promise<string>;
  /** Writes a file with these bytes. */
  addFile(path: string, bytes: Buffer): Promise<void>;
  /** Removes files of an earlier copy that this one does not have; returns their number. */
  removeOthers(): Promise<number>;
}

/** Opens a new or empty directory, or an earlier copy of the same view; throws for any other. */
export async function openCopyFolder(directory: string, view: string): Promise<CopyFolder> {
  await expectOwn(directory, view);
  const kept = new Set<string>([MARKER]);
  let marked: Promise<void> | undefined;
  /**
   * Writes the marker. Called only when there is something to copy, so a wrong address leaves no directory
   * behind.
   */
  const mark = () => (marked ??= write(MARKER, Buffer.from(`${JSON.stringify({ version: 1, view })}\n`)));

  async function write(path: string, bytes: Buffer): Promise<void> {
    const file = join(directory, path);
    const earlier = await readFile(file).catch(ignoreMissing);
    if (earlier?.equals(bytes)) return;
    await mkdir(dirname(file), { recursive: true });
    replaceFile(file, bytes);
  }

  return {
    async addFile(path, bytes) {
      await mark();
      kept.add(path);
      await write(path, bytes);
    },
    async addBlob(blob, open, signal) {
      await mark();
      const path = mirrorBlobPath(blob.digest);
      kept.add(path);
      const cache = openBlobCache(dirname(join(directory, path)));
      return retry(() => cache.fetch(blob, open, signal));
    },
    async removeOthers() {
      const paths = await fastGlob(
        MIRROR_FOLDERS.map((name) => `${name}/**`),
        { cwd: directory, dot: true, followSymbolicLinks: false },
      );
      const others = paths.filter((path) => !kept.has(path));
      for (const path of others) await rm(join(directory, path));
      return others.length;
    },
  };
}

async function expectOwn(directory: string, view: string): Promise<void> {
  const stats = await stat(directory).catch(ignoreMissing);
  if (!stats) return;
  if (!stats.isDirectory())
    throw new Error(`${directory}: expected a directory, found a file; give another with --to`);
  const names = await readdir(directory);
  if (names.length === 0) return;
  const where = join(directory, MARKER);
  const text = await readFile(where, 'utf8').catch(ignoreMissing);
  if (text === undefined)
    throw new Error(
      `${directory}: expected an empty directory or an earlier copy, found other files, such as ${names[0]}; ` +
        'give another with --to',
    );
  const marker = parseJson(text, Marker, {
    where,
    expected: 'what an earlier copy wrote',
    advice: 'give another directory with --to',
  });
  if (marker.view !== view)
    throw new Error(
      `${directory}: expected an earlier copy of ${nameOf(view)}, found one of ${nameOf(marker.view)}; ` +
        'give another directory with --to',
    );
}

function nameOf(view: string): string {
  return view === '' ? "the site's own index" : `the view "${view}"`;
}
