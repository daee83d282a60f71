import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { parseJson } from '../../site/lib/json.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { hexOf, type Digest } from '../../site/schemas/digest.ts';
import { Descriptor, ImageIndex, IMAGE_INDEX_MEDIA_TYPE } from '../../site/schemas/image-manifest.ts';
import { describeManifest } from './manifest.ts';
import { ignoreMissing, replaceFile } from '../cli/files.ts';
import { digestOf } from '../cli/digest.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';

/** An index whose entries keep properties that others added. */
const IndexFile = z.looseObject({ ...ImageIndex.shape, manifests: z.array(Descriptor.loose()) });

/** The annotation by which a layout's index names tags. */
export const TAG_ANNOTATION = 'org.opencontainers.image.ref.name';

/** An OCI image layout under construction, to be pushed. */
export interface Layout {
  readonly dir: string;
  addBytes(bytes: string | Uint8Array): Promise<Blob>;
  /** Adds a file of known content as a symbolic link, without copying it; a push checks the bytes. */
  addFile(file: string, blob: Blob): Promise<void>;
  /** Adds the bytes of a stream that verifies itself. */
  addStream(open: () => Promise<Readable>, blob: Blob): Promise<void>;
  /** Adds and tags the manifest of an image, or of an index whose images' manifests are added as bytes. */
  addTag(tag: string, manifestText: string): Promise<Descriptor>;
  /** Writes `oci-layout` and `index.json`, with sorted tags. */
  close(): void;
}

/** Starts a layout in its own directory, which is created if missing. */
export async function createLayout(dir: string): Promise<Layout> {
  const tags = new Map<string, Descriptor>();
  const added = new Map<Digest, Promise<void>>();
  await mkdir(path.join(dir, 'blobs', 'sha256'), { recursive: true });

  function addBytes(bytes: string | Uint8Array): Promise<Blob> {
    const data = Buffer.from(bytes);
    const digest = digestOf(data);
    // A plain write would follow a symbolic link left by an earlier run.
    return addOnce({ digest, size: data.length }, (file) => replaceFile(file, data));
  }

  async function addFile(source: string, { digest, size }: Blob): Promise<void> {
    await addOnce({ digest, size }, async (file) => {
      await rm(file, { force: true });
      await symlink(path.resolve(source), file);
    });
  }

  /** Concurrent calls may add the same content: one writes it, and all wait for that one. */
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
  const source = { where: file, expected: 'the index of an OCI image layout', advice: 'push to it again' };
  return text === undefined ? undefined : parseJson(text, IndexFile, source).manifests;
}

/** Makes a directory of blobs a layout: writes `oci-layout`, then `index.json`, each as a whole. */
export function writeIndex(dir: string, descriptors: readonly Descriptor[]): void {
  const manifests = descriptors.toSorted((a, b) => compareTexts(sortKey(a), sortKey(b)));
  const index = { schemaVersion: 2, mediaType: IMAGE_INDEX_MEDIA_TYPE, manifests };
  const flush = true;
  replaceFile(path.join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}\n', { flush });
  replaceFile(path.join(dir, 'index.json'), `${JSON.stringify(index)}\n`, { flush });
}

/** Tag of an entry of a layout's index, if it has one. */
export function tagOf(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.[TAG_ANNOTATION];
}

function sortKey(descriptor: Descriptor): string {
  return `${tagOf(descriptor) ?? ''} ${descriptor.digest}`;
}

/** Path of a blob in a layout. */
export function blobPath(dir: string, digest: Digest): string {
  return path.join(dir, 'blobs', 'sha256', hexOf(digest));
}
