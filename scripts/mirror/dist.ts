import { constants, lstatSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fastGlob from 'fast-glob';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { blobOf } from '../cli/digest.ts';
import { expectSite, ignoreMissing, readIfThere, replaceFile } from '../cli/files.ts';

/** The folders of `dist/` that belong to the mirror; everything else belongs to the site. */
const MIRROR_FOLDERS = ['v3', 'blobs'];
const MIRROR_FILES = MIRROR_FOLDERS.map((name) => `${name}/**`);

/** The folder of the built site, into which the mirror is written. Each file is replaced as a whole. */
export interface Dist {
  /** Bytes of the site's own files. */
  readonly siteBytes: number;
  /** Bytes of the mirror's files so far. */
  readonly mirrorBytes: number;
  /** Writes a text file of the mirror. */
  addText(path: string, text: string): Promise<void>;
  /** Writes a blob from its bytes or text. */
  addBytes(bytes: Buffer | string): Promise<Blob>;
  /** Places a blob's file: as a hard link if the disk supports it, else as a copy. */
  addFile(blob: Blob, file: string): Promise<void>;
  /** Path of a blob in this folder. */
  pathOf(blob: Blob): string;
  /** Removes the mirror's files that this run has not added: those of an earlier run. */
  removeOthers(): Promise<void>;
}

/** Opens the folder of a built site; throws when no site has been built there. */
export async function openDist(folder: string): Promise<Dist> {
  expectSite(folder);
  const sizes = new Map<string, number>();
  const folders = new Set<string>();
  const siteBytes = await measure(folder);

  async function addText(path: string, content: Buffer | string): Promise<void> {
    sizes.set(path, Buffer.byteLength(content));
    await write(path, (file) => writeBytes(file, content));
  }

  async function addBytes(bytes: Buffer | string): Promise<Blob> {
    const blob = blobOf(bytes);
    await addText(mirrorBlobPath(blob.digest), bytes);
    return blob;
  }

  async function addFile({ digest, size }: Blob, source: string): Promise<void> {
    const path = mirrorBlobPath(digest);
    if (sizes.has(path)) return;
    sizes.set(path, size);
    await write(path, (file) => placeFile(source, file));
  }

  async function write(path: string, action: (file: string) => Promise<void> | void): Promise<void> {
    const file = join(folder, path);
    try {
      const parent = dirname(file);
      if (!folders.has(parent)) await mkdir(parent, { recursive: true });
      folders.add(parent);
      await action(file);
    } catch (cause) {
      throw new Error(`${file} cannot be written; run it again`, { cause });
    }
  }

  async function removeOthers(): Promise<void> {
    for (const name of MIRROR_FOLDERS) await keepOnly((path) => sizes.has(path), folder, name);
  }

  return {
    siteBytes,
    get mirrorBytes() {
      return [...sizes.values()].reduce((sum, size) => sum + size, 0);
    },
    addText,
    addBytes,
    addFile,
    pathOf: ({ digest }) => join(folder, mirrorBlobPath(digest)),
    removeOthers,
  };
}

async function measure(folder: string): Promise<number> {
  const files = await fastGlob('**', { cwd: folder, dot: true, stats: true, ignore: MIRROR_FILES });
  return files.reduce((sum, { stats }) => sum + (stats?.size ?? 0), 0);
}

/** Writes a file unless it has these bytes: reading takes a fraction of the time of replacing. */
function writeBytes(file: string, content: Buffer | string): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  if (!readIfThere(file)?.equals(bytes)) replaceFile(file, bytes);
}

/** Creates or replaces the target in one step, so that it is never half written. */
async function placeFile(source: string, target: string): Promise<void> {
  if (isSameFile(source, target) || (await tryLink(source, target))) return;
  const partial = `${target}.part`;
  try {
    if (!(await tryLink(source, partial))) await copyFile(source, partial, constants.COPYFILE_FICLONE);
    await rename(partial, target);
  } finally {
    // Needed after a success, too: renaming one hard link of a file over another leaves both.
    await rm(partial, { force: true });
  }
}

/** Whether both are hard links of one file. */
function isSameFile(source: string, target: string): boolean {
  const [left, right] = [source, target].map((path) =>
    lstatSync(path, { throwIfNoEntry: false, bigint: true }),
  );
  return left !== undefined && left.dev === right?.dev && left.ino === right.ino;
}

/** False when the target already exists, or the disks differ or do not support hard links. */
async function tryLink(source: string, target: string): Promise<boolean> {
  return link(source, target).then(
    () => true,
    () => false,
  );
}

/** Removes all other files of a folder, and the folders that become empty. Returns whether this one is gone. */
async function keepOnly(isKept: (path: string) => boolean, root: string, path: string): Promise<boolean> {
  const entries = await readdir(join(root, path), { withFileTypes: true }).catch(ignoreMissing);
  let isEmpty = true;
  for (const entry of entries ?? []) {
    const inner = `${path}/${entry.name}`;
    if (entry.isDirectory()) isEmpty = (await keepOnly(isKept, root, inner)) && isEmpty;
    else if (isKept(inner)) isEmpty = false;
    else await rm(join(root, inner));
  }
  if (entries && isEmpty) await rmdir(join(root, path));
  return isEmpty;
}
