import { z } from 'zod';
import {
  DOCKER_LIST_MEDIA_TYPE,
  DOCKER_MANIFEST_MEDIA_TYPE,
  IMAGE_INDEX_MEDIA_TYPE,
  IMAGE_MANIFEST_MEDIA_TYPE,
  ImageIndex as ImageIndexSchema,
  ImageManifest,
  type ImageIndex,
} from '../../site/schemas/image-manifest.ts';
import { parseJson, type JsonSource } from '../../site/lib/json.ts';
import type { ManifestText, RegistryManifest } from './registry.ts';
import { digestOf } from '../cli/digest.ts';

/** Media types to accept: images, and indexes of images. */
export const MANIFEST_MEDIA_TYPES = [
  IMAGE_MANIFEST_MEDIA_TYPE,
  IMAGE_INDEX_MEDIA_TYPE,
  DOCKER_MANIFEST_MEDIA_TYPE,
  DOCKER_LIST_MEDIA_TYPE,
];

/** Maximum size of a manifest. Source: OCI distribution specification 1.1, "Pushing manifests". */
export const MAX_MANIFEST_BYTES = 4 * 2 ** 20;

/** The properties that show a manifest's kind. */
const AnyManifest = z.object({ mediaType: z.string().optional(), manifests: z.unknown().optional() });

/** Returns the descriptor of a manifest of any kind, with its text. */
export function describeManifest(text: string, where: string): ManifestText {
  const manifest = parseJson(text, AnyManifest, expecting('the manifest of an image', where));
  const kind = manifest.manifests === undefined ? IMAGE_MANIFEST_MEDIA_TYPE : IMAGE_INDEX_MEDIA_TYPE;
  const bytes = Buffer.from(text);
  const digest = digestOf(bytes);
  return { descriptor: { mediaType: manifest.mediaType ?? kind, digest, size: bytes.length }, text };
}

/** Reads an index of images. */
export function parseIndex({ text }: ManifestText, where: string): ImageIndex {
  return parseJson(text, ImageIndexSchema, expecting('an index of images', where));
}

/** Whether a manifest is an index of images. */
export function isIndex({ mediaType }: { mediaType: string }): boolean {
  return mediaType === IMAGE_INDEX_MEDIA_TYPE || mediaType === DOCKER_LIST_MEDIA_TYPE;
}

/** Reads the manifest of one image. */
export function parseImageManifest(text: string, where: string): RegistryManifest {
  const manifest = parseJson(text, ImageManifest, expecting('the manifest of one image', where));
  return { ...describeManifest(text, where), manifest };
}

function expecting(expected: string, where: string): JsonSource {
  return { where, expected, advice: 'push it again, or correct its name' };
}
