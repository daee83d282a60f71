import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import pMap from 'p-map';
import type { Blob } from '../../site/schemas/build.ts';
import { Digest } from '../../site/schemas/digest.ts';
import type { Descriptor, ImageManifest } from '../../site/schemas/image-manifest.ts';
import { copyVerified, verified, verifyFile, readAll } from './verify.ts';
import { withDirectoryLock } from './directory-lock.ts';
import { blobPath, readIndex, TAG_ANNOTATION, tagOf, writeIndex } from './layout.ts';
import { ignoreMissing, isErrorCode } from '../cli/files.ts';
import { describeManifest, isIndex, MAX_MANIFEST_BYTES, parseIndex, parseImageManifest } from './manifest.ts';
import type { ManifestText, Registry, RegistryManifest } from './registry.ts';

/** Number of blobs copied at a time: enough to keep a disk busy. */
const COPIES = 4;

/** Opens an OCI image layout on disk as a registry. A missing directory is an empty registry until a push. */
export function openDirectory(dir: string): Registry {
  const reference = `oci-layout:${dir}`;
  const readEntries = createIndexReader(dir);

  async function describeTag(tag: string): Promise<Descriptor | undefined> {
    const descriptor = (await readEntries()).tags.get(tag);
    return (
      descriptor && { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size }
    );
  }

  async function readText(tagOrDigest: string): Promise<ManifestText | undefined> {
    const blob = Digest.safeParse(tagOrDigest).success
      ? await findBlob(dir, tagOrDigest)
      : await describeTag(tagOrDigest);
    if (!blob) return undefined;
    const bytes = await readBlob(blob, MAX_MANIFEST_BYTES);
    return describeManifest(bytes.toString('utf8'), `${reference} ${tagOrDigest}`);
  }

  async function readManifest(tagOrDigest: string): Promise<RegistryManifest | undefined> {
    const manifest = await readText(tagOrDigest);
    return manifest && parseImageManifest(manifest.text, `${reference} ${tagOrDigest}`);
  }

  async function openBlob(blob: Blob): Promise<Readable> {
    const file = blobPath(dir, blob.digest);
    if ((await sizeOf(file)) === undefined) throw missing(dir, blob);
    return verified(createReadStream(file), file, blob);
  }

  async function readBlob(blob: Blob, limitBytes?: number): Promise<Buffer> {
    return readAll(() => openBlob(blob), blob, reference, limitBytes);
  }

  return {
    reference,
    listTags: async () => [...(await readEntries()).tags.keys()],
    describeTag,
    readText,
    readManifest,
    hasBlob: async (blob) => (await sizeOf(blobPath(dir, blob.digest))) === blob.size,
    openBlob,
    readBlob,
    mountBlob: () => Promise.resolve(false),
    push: (layout) => mergeLayout(layout, dir, readEntries),
    pointTag: (tag, digest) => pointTag(dir, tag, digest),
  };
}

/** The file of a blob in an OCI image layout, after all its bytes were checked. */
export async function findIntact(dir: string, blob: Blob): Promise<string> {
  const file = blobPath(dir, blob.digest);
  await verifyFile(file, blob).catch((error: unknown) => {
    throw isErrorCode(error, 'ENOENT') ? missing(dir, blob) : error;
  });
  return file;
}

function missing(dir: string, { digest }: Blob): Error {
  return new Error(`oci-layout:${dir} has no blob ${digest}; publish its build again`);
}

async function pointTag(dir: string, tag: string, digest: Digest): Promise<void> {
  await withDirectoryLock(dir, async () => {
    const blob = await findBlob(dir, digest);
    if (!blob) throw new Error(`oci-layout:${dir} has no manifest ${digest} that ${tag} could point at`);
    const others = ((await readIndex(dir)) ?? []).filter((descriptor) => tagOf(descriptor) !== tag);
    const text = await readFile(blobPath(dir, digest), 'utf8');
    const { descriptor } = describeManifest(text, `oci-layout:${dir} ${digest}`);
    writeIndex(dir, [...others, { ...descriptor, annotations: { [TAG_ANNOTATION]: tag } }]);
  });
}

/**
 * Copies a layout's images into the directory. A kill at any point leaves every tag in its old or its new
 * state: everything that a tag needs is written before `index.json`, which is replaced as a whole. After an
 * error the copied files are removed.
 */
async function mergeLayout(layout: string, dir: string, readEntries: IndexReader): Promise<void> {
  const added = await readIndex(layout);
  if (!added) throw new Error(`${layout}: expected an OCI image layout, found no index.json`);
  if (added.length === 0) return;
  const blobs = path.join(dir, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  try {
    await withDirectoryLock(dir, () => copyImages(layout, dir, added, readEntries));
  } catch (error) {
    // `rmdir` fails for folders that are not empty.
    for (const folder of [blobs, path.dirname(blobs), dir]) await rmdir(folder).catch(() => undefined);
    throw error;
  }
}

async function copyImages(
  layout: string,
  dir: string,
  added: readonly Descriptor[],
  readEntries: IndexReader,
): Promise<void> {
  const incoming = path.join(dir, 'incoming');
  await rm(incoming, { recursive: true, force: true });
  await mkdir(incoming);
  const copied: string[] = [];
  try {
    const contents = await contentsOf(layout, dir, added);
    // All copies run to their end, so that `copied` is complete when one fails.
    await pMap(contents, (blob) => copyBlob(layout, dir, blob, copied), {
      concurrency: COPIES,
      stopOnError: false,
    });
    const tags = new Set(added.map(tagOf));
    const digests = new Set(added.map(({ digest }) => digest));
    const kept = (await readEntries()).entries.filter((descriptor) =>
      tagOf(descriptor) === undefined ? !digests.has(descriptor.digest) : !tags.has(tagOf(descriptor)),
    );
    writeIndex(dir, [...kept, ...added]);
  } catch (error) {
    await Promise.all(copied.map((file) => rm(file, { force: true })));
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    await rm(incoming, { recursive: true, force: true });
  }
}

/**
 * Lists every blob that entries of a layout's index need, each manifest after its parts.
 * Manifests that the layout lacks are read from `dir`.
 */
export async function contentsOf(
  layout: string,
  dir: string,
  entries: readonly Descriptor[],
): Promise<Blob[]> {
  const blobs = new Map<string, Blob>();
  for (const { digest, size } of entries) {
    const source = (await sizeOf(blobPath(layout, digest))) === undefined ? dir : layout;
    const file = blobPath(source, digest);
    const manifest = describeManifest(await readFile(file, 'utf8'), file);
    const parts = isIndex(manifest.descriptor)
      ? await contentsOf(layout, dir, parseIndex(manifest, file).manifests)
      : partsOf(parseImageManifest(manifest.text, file).manifest);
    for (const part of parts) blobs.set(part.digest, part);
    blobs.set(digest, { digest, size });
  }
  return [...blobs.values()];
}

function partsOf({ config, layers }: ImageManifest): Blob[] {
  return [config, ...layers];
}

/**
 * Removes tags from a layout, each only if it still points to the given digest, then every blob that the
 * remaining images do not need. A kill at any point may leave too many blobs, never too few.
 * @returns the number of tags removed
 */
export async function removeTags(
  dir: string,
  images: readonly { tag: string; digest: Digest }[],
): Promise<number> {
  return withDirectoryLock(dir, async () => {
    const unwanted = new Set(images.map(({ tag, digest }) => `${tag} ${digest}`));
    const before = (await readIndex(dir)) ?? [];
    const kept = before.filter(
      (descriptor) => !unwanted.has(`${tagOf(descriptor) ?? ''} ${descriptor.digest}`),
    );
    const removed = before.filter((descriptor) => !kept.includes(descriptor));
    if (removed.length === 0) return 0;
    writeIndex(dir, kept);
    const needed = new Set((await contentsOf(dir, dir, kept)).map(({ digest }) => digest));
    // Only blobs of removed images: a concurrent push may have copied blobs that no tag refers to yet.
    for (const { digest } of await contentsOf(dir, dir, removed)) {
      if (!needed.has(digest)) await rm(blobPath(dir, digest), { force: true });
    }
    return removed.length;
  });
}

/** Copies a blob unless it exists, and adds its file to `copied`. */
async function copyBlob(layout: string, dir: string, blob: Blob, copied: string[]): Promise<void> {
  const target = blobPath(dir, blob.digest);
  if ((await sizeOf(target)) === blob.size) return;
  const source = blobPath(layout, blob.digest);
  if ((await sizeOf(source)) === undefined) {
    throw new Error(
      `${layout}: an image names the blob ${blob.digest}, which is neither there nor in ${dir}`,
    );
  }
  const incoming = path.join(dir, 'incoming', path.basename(target));
  await copyVerified(source, incoming, blob);
  await rename(incoming, target);
  copied.push(target);
}

/** Reads the entries of a layout's index, and those that have a tag by it. */
type IndexReader = () => Promise<{ entries: readonly Descriptor[]; tags: ReadonlyMap<string, Descriptor> }>;

/** Creates a reader of a layout's index that reads it again only after it was replaced. */
function createIndexReader(dir: string): IndexReader {
  let version: string | undefined;
  let contents: ReturnType<IndexReader> = Promise.resolve({ entries: [], tags: new Map() });
  return async () => {
    const stats = await stat(path.join(dir, 'index.json')).catch(ignoreMissing);
    const current = stats && `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
    if (current !== version) {
      version = current;
      contents = readEntries(dir);
    }
    return contents;
  };
}

async function readEntries(dir: string): ReturnType<IndexReader> {
  const entries = (await readIndex(dir)) ?? [];
  const tags = new Map<string, Descriptor>();
  for (const descriptor of entries) {
    const tag = tagOf(descriptor);
    if (tag !== undefined) tags.set(tag, descriptor);
  }
  return { entries, tags };
}

async function findBlob(dir: string, digest: Digest): Promise<Blob | undefined> {
  const size = await sizeOf(blobPath(dir, digest));
  return size === undefined ? undefined : { digest, size };
}

async function sizeOf(file: string): Promise<number | undefined> {
  return (await stat(file).catch(ignoreMissing))?.size;
}
