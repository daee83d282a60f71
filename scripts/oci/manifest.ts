import { createHash } from 'node:crypto';
import { DOCKER_MANIFEST_MEDIA_TYPE, IMAGE_INDEX_MEDIA_TYPE } from '../../site/schemas/image-manifest.ts';
import { IMAGE_MANIFEST_MEDIA_TYPE, ImageManifest } from '../../site/schemas/image-manifest.ts';
import type { RegistryManifest } from './registry.ts';

/** What is asked for; an image index is asked for so that it can be named in the error. */
export const MANIFEST_MEDIA_TYPES = [
  IMAGE_MANIFEST_MEDIA_TYPE,
  IMAGE_INDEX_MEDIA_TYPE,
  DOCKER_MANIFEST_MEDIA_TYPE,
];

/** Registries take no larger manifest; see the OCI distribution specification 1.1, "Pushing manifests". */
export const MAX_MANIFEST_BYTES = 4 * 2 ** 20;

/** Reads a manifest's text. */
export function parseManifest(text: string, where: string): RegistryManifest {
  let manifest: ImageManifest;
  try {
    manifest = ImageManifest.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${where}: expected the manifest of one image, found something else`, { cause });
  }
  const bytes = Buffer.from(text);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const mediaType = manifest.mediaType ?? IMAGE_MANIFEST_MEDIA_TYPE;
  return { descriptor: { mediaType, digest, size: bytes.length }, text, manifest };
}
