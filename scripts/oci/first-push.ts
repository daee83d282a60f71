import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { IMAGE_MANIFEST_MEDIA_TYPE, type ImageManifest } from '../../site/schemas/image-manifest.ts';
import { ignoreMissing } from '../cli/files.ts';
import { blobPath, readIndex, TAG_ANNOTATION } from './layout.ts';
import { MANIFEST_MEDIA_TYPES, parseImageManifest } from './manifest.ts';
import type { RegistryClient } from './registry-client.ts';

/** An image of a layout with all its blobs. */
interface WholeImage {
  tag: string;
  manifest: ImageManifest;
  text: string;
  bytes: number;
}

/**
 * Makes a package by pushing the smallest image of a layout, which asks nothing first. Does nothing where the
 * repository has that image already, or the layout has no image with all its blobs.
 * @returns whether it pushed one
 */
export async function pushFirstImage(layout: string, client: RegistryClient): Promise<boolean> {
  const image = await findSmallest(layout);
  if (!image) return false;
  const { tag, manifest, text } = image;
  const accept = MANIFEST_MEDIA_TYPES.join(', ');
  const existing = await client.request('GET', `manifests/${tag}`, accept);
  existing?.body.destroy();
  if (existing) return false;
  for (const blob of [manifest.config, ...manifest.layers]) {
    const started = await client.request('POST', 'blobs/uploads/', '*/*');
    started?.body.destroy();
    const location = started?.headers.get('location');
    if (!started || !location) throw new Error(`${tag}: expected an address to upload to, found none`);
    const url = new URL(location, started.url);
    url.searchParams.set('digest', blob.digest);
    const body = await openAsBlob(blobPath(layout, blob.digest));
    const sent = await client.request('PUT', url.href, '*/*', { type: 'application/octet-stream', body });
    sent?.body.destroy();
  }
  const sent = await client.request('PUT', `manifests/${tag}`, accept, {
    type: IMAGE_MANIFEST_MEDIA_TYPE,
    body: new Blob([text]),
  });
  sent?.body.destroy();
  return true;
}

async function findSmallest(layout: string): Promise<WholeImage | undefined> {
  const images: WholeImage[] = [];
  for (const descriptor of (await readIndex(layout)) ?? []) {
    const tag = descriptor.annotations?.[TAG_ANNOTATION];
    if (tag === undefined || descriptor.mediaType !== IMAGE_MANIFEST_MEDIA_TYPE) continue;
    const file = blobPath(layout, descriptor.digest);
    const text = await readFile(file, 'utf8').catch(ignoreMissing);
    if (text === undefined) continue;
    const { manifest } = parseImageManifest(text, file);
    const bytes = [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, 0);
    images.push({ tag, manifest, text, bytes });
  }
  for (const image of images.sort((a, b) => a.bytes - b.bytes)) {
    if (await hasAllBlobs(layout, image.manifest)) return image;
  }
  return undefined;
}

async function hasAllBlobs(layout: string, { config, layers }: ImageManifest): Promise<boolean> {
  const blobs = await Promise.all(
    [config, ...layers].map((blob) => openAsBlob(blobPath(layout, blob.digest)).catch(() => undefined)),
  );
  return blobs.every((blob, at) => blob?.size === [config, ...layers][at]?.size);
}
