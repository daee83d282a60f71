import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { Blob } from '../../site/schemas/build.ts';
import { hexOf, type Digest } from '../../site/schemas/digest.ts';
import { Descriptor, ImageIndex, IMAGE_INDEX_MEDIA_TYPE } from '../../site/schemas/image-manifest.ts';
import { describeManifest } from './manifest.ts';
import { ignoreMissing, replaceFile } from '../cli/files.ts';
import { digestOf } from '../cli/digest.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';

/** An index whose entries keep what others wrote into them. */
const IndexFile = z.looseObject({ ...ImageIndex.shape, manifests: z.array(Descriptor.loose()) });

/** The annotation by which a layout's index names tags. */
export const TAG_ANNOTATION = 'org.opencontainers.image.ref.name';

/** An OCI image layout that is being written: what a push sends. */
export interface Layout {
  readonly dir: string;
  addBytes(bytes: string | Uint8Array): Promise<Blob>;
  /** Adds a file of known content by a symbolic link: nothing is copied, a push checks the bytes. */
  addFile(file: string, blob: Blob): Promise<void>;
  /** Adds the bytes of a stream that checks itself. */
  addStream(open: () => Promise<Readable>, blob: Blob): Promise<void>;
  /** Adds a manifest, of an image or an index of images whose manifests are added as bytes, and gives it a tag. */
  addTag(tag: string, manifestText: string): Promise<Descriptor>;
  /** Writes `oci-layout` and `index.json`; tags come sorted. */
  close(): void;
}

/** Starts a layout in a directory of its own, which is made when it is not there. */
export async function createLayout(dir: string): Promise<Layout> {
  const tags = new Map<string, Descriptor>();
  const added = new Map<Digest, Promise<void>>();
  await mkdir(path.join(dir, 'blobs', 'sha256'), { recursive: true });

  function addBytes(bytes: string | Uint8Array): Promise<Blob> {
    const data = Buffer.from(bytes);
    const digest = digestOf(data);
    // A plain write would follow the symbolic link that an earlier run may have left there.
    return addOnce({ digest, size: data.length }, (file) => replaceFile(file, data));
  }

  async function addFile(source: string, { digest, size }: Blob): Promise<void> {
    await addOnce({ digest, size }, async (file) => {
      await rm(file, { force: true });
      await symlink(path.resolve(source), file);
    });
  }

  /** Many may add the same content at once; one writes it, and all wait for that one. */
  async function addOnce(blob: Blob, write: (file: string) => Promise<void> | void): Promise<Blob> {
    const writing = added.get(blob.digest) ?? Promise.resolve(write(blobPath(dir, blob.digest)));
    added.set(blob.digest, writing);
    await writing;
    return blob;
  }

  async function addStream(open: () => Promise<Readable>, blob: Blob): Promise<void> {
    await addOnce(blob, async (file) => pipeline(await open(), createWriteStream(file)));
  }

  async function addTag(tag: string, manifestText: string): Promise<Descriptor> {
    const { descriptor } = describeManifest(manifestText, tag);
    await addBytes(manifestText);
    tags.set(tag, { ...descriptor, annotations: { [TAG_ANNOTATION]: tag } });
    return descriptor;
  }

  return { dir, addBytes, addFile, addStream, addTag, close: () => writeIndex(dir, [...tags.values()]) };
}

/** Reads a layout's index; undefined when the directory has none. */
export async function readIndex(dir: string): Promise<Descriptor[] | undefined> {
  const file = path.join(dir, 'index.json');
  const text = await readFile(file, 'utf8').catch(ignoreMissing);
  if (text === undefined) return undefined;
  try {
    return IndexFile.parse(JSON.parse(text)).manifests;
  } catch (cause) {
    throw new Error(`${file}: expected the index of an OCI image layout`, { cause });
  }
}

/** Writes what makes a directory of blobs a layout: `oci-layout`, then `index.json`, replaced as a whole. */
export function writeIndex(dir: string, descriptors: readonly Descriptor[]): void {
  const manifests = descriptors.toSorted((a, b) => compareTexts(sortKey(a), sortKey(b)));
  const index = { schemaVersion: 2, mediaType: IMAGE_INDEX_MEDIA_TYPE, manifests };
  const flush = true;
  replaceFile(path.join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}\n', { flush });
  replaceFile(path.join(dir, 'index.json'), `${JSON.stringify(index)}\n`, { flush });
}

/** The tag of an entry of a layout's index, if it has one. */
export function tagOf(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.[TAG_ANNOTATION];
}

function sortKey(descriptor: Descriptor): string {
  return `${tagOf(descriptor) ?? ''} ${descriptor.digest}`;
}

/** Where a layout keeps a blob. */
export function blobPath(dir: string, digest: Digest): string {
  return path.join(dir, 'blobs', 'sha256', hexOf(digest));
}
