import { constants } from 'node:fs';
import { copyFile, link, mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fastGlob from 'fast-glob';
import writeFileAtomic from 'write-file-atomic';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { isErrorCode } from '../oci/layout.ts';

/** The folders of `dist/` that belong to the mirror; all else is the site's. */
const MIRROR_FOLDERS = ['v3', 'blobs'];

/** The folder of the built site, which the mirror is written into. Files appear whole or not at all. */
export interface Dist {
  /** Bytes of the site's own files. */
  readonly siteBytes: number;
  /** Bytes of the mirror's files so far. */
  readonly mirrorBytes: number;
  /** Writes a text file of the mirror. */
  addText(path: string, text: string): Promise<void>;
  /** Writes a blob whose bytes are at hand. */
  addBytes(blob: Blob, bytes: Uint8Array): Promise<void>;
  /** Places a blob's file: a hard link where the disk can, a copy elsewhere. */
  addFile(blob: Blob, file: string): Promise<void>;
  /** Where a blob lies on this disk. */
  pathOf(blob: Blob): string;
  /** Removes the mirror's files that nobody has added: an earlier run's. */
  removeOthers(): Promise<void>;
}

/** Opens the folder of a built site; throws when no site has been built there. */
export async function openDist(folder: string): Promise<Dist> {
  if (!(await exists(join(folder, 'index.html')))) {
    throw new Error(`${folder}: expected a built site, found no index.html; run \`npm run build\` first`);
  }
  const sizes = new Map<string, number>();
  const siteBytes = await measure(folder);

  async function addText(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFileAtomic(join(folder, path), text, { fsync: false });
    sizes.set(path, Buffer.byteLength(text));
  }

  async function addBytes({ digest, size }: Blob, bytes: Uint8Array): Promise<void> {
    const path = mirrorBlobPath(digest);
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFileAtomic(join(folder, path), Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
      fsync: false,
    });
    sizes.set(path, size);
  }

  async function addFile({ digest, size }: Blob, file: string): Promise<void> {
    const path = mirrorBlobPath(digest);
    if (sizes.has(path)) return;
    sizes.set(path, size);
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await placeFile(file, join(folder, path));
  }

  async function removeOthers(): Promise<void> {
    for (const path of await listFiles(
      folder,
      MIRROR_FOLDERS.map((name) => `${name}/**`),
    )) {
      if (!sizes.has(path)) await rm(join(folder, path));
    }
    for (const name of MIRROR_FOLDERS) await removeEmptyFolders(join(folder, name));
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
  const files = await fastGlob('**', {
    cwd: folder,
    dot: true,
    stats: true,
    ignore: MIRROR_FOLDERS.map((name) => `${name}/**`),
  });
  return files.reduce((sum, { stats }) => sum + (stats?.size ?? 0), 0);
}

/** The target is replaced in one step, so that it never has half of a file. */
async function placeFile(source: string, target: string): Promise<void> {
  const partial = `${target}.part`;
  await rm(partial, { force: true });
  try {
    await link(source, partial);
  } catch {
    // Another disk, or one without hard links.
    await copyFile(source, partial, constants.COPYFILE_FICLONE);
  }
  await rename(partial, target);
  // Renaming one hard link of a file over another leaves both.
  await rm(partial, { force: true });
}

async function removeEmptyFolders(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(ignoreMissing);
  for (const entry of entries ?? [])
    if (entry.isDirectory()) await removeEmptyFolders(join(folder, entry.name));
  if (entries && (await readdir(folder)).length === 0) await rmdir(folder);
}

async function listFiles(folder: string, patterns: string[]): Promise<string[]> {
  return fastGlob(patterns, { cwd: folder, dot: true });
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(ignoreMissing)) !== undefined;
}

function ignoreMissing(error: unknown): undefined {
  if (isErrorCode(error, 'ENOENT')) return undefined;
  throw error;
}
