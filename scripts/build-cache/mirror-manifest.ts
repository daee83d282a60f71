import { z } from 'zod';
import { parseJson } from '../../site/lib/json.ts';
import {
  MirrorManifest,
  SPEC_MEDIA_TYPE,
  TARBALL_MEDIA_TYPE,
  type BlobRecord,
} from '../../site/schemas/mirror-manifest.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { digestFrom, hexOf } from '../../site/schemas/digest.ts';
import { splitSigned } from '../../site/lib/spack/signed-manifest.ts';
import { quote } from './quote.ts';

/** File that says how a mirror is signed, and the text that Spack writes, whether it is signed or not. */
export const LAYOUT = { path: 'v3/layout.json', text: '{"signing": "gpg"}' } as const;

/** The name of the index that a client reads when its mirror names no view. */
export const OWN_INDEX = '';

/** Path of the manifest of an index on a mirror. */
export function indexManifestPath(view: string): string {
  return `v3/manifests/index/${view === OWN_INDEX ? '' : `${view}/`}index.manifest.json`;
}

/** Path of the manifest of the list of a mirror's public keys. */
export const KEY_INDEX_PATH = 'v3/manifests/key/keys.manifest.json';

/** Path of the manifest of a public key. */
export function keyManifestPath(fingerprint: string): string {
  return `v3/manifests/key/${fingerprint}.key.manifest.json`;
}

/** Maximum number of keys: a cache has one or two, and one more for each replacement. */
const KEYS_LIMIT = 100;

/** List of a mirror's public keys. */
export const KeyIndex = z.object({
  keys: z
    .record(z.string().regex(/^[0-9A-F]{40}(?:[0-9A-F]{24})?$/, 'expected a fingerprint'), z.unknown())
    .refine((keys) => Object.keys(keys).length <= KEYS_LIMIT, `expected at most ${KEYS_LIMIT} keys`),
});

/** The text of a manifest, byte for byte as Spack writes it: `json.dump(…, indent=0, separators=(",", ":"))`. */
export function manifestText(records: BlobRecord[]): string {
  const data = MirrorManifest.parse({ version: 3, data: records }).data.map((record) => {
    const members = Object.entries(record).map(([key, value]) => `"${key}":${JSON.stringify(value)}`);
    return `{\n${members.join(',\n')}\n}`;
  });
  return `{\n"version":3,\n"data":[\n${data.join(',\n')}\n]\n}`;
}

/** The manifest of a spec: its tarball, and its image's config, which is the spec file. */
export function specManifestText(tarball: Blob, config: Blob): string {
  return manifestText([
    blobRecord(tarball, TARBALL_MEDIA_TYPE, 'gzip'),
    blobRecord(config, SPEC_MEDIA_TYPE, 'none'),
  ]);
}

/** The record of a blob under a media type. */
export function blobRecord(
  blob: Blob,
  mediaType: string,
  compression: BlobRecord['compression'],
): BlobRecord {
  return {
    contentLength: blob.size,
    mediaType,
    compression,
    checksumAlgorithm: 'sha256',
    checksum: hexOf(blob.digest),
  };
}

/** Reads a manifest's plain text (without a signature); `where` names it in errors. */
export function parseMirrorManifest(text: string, where: string): MirrorManifest {
  const advice = 'push the build cache again';
  const value = parseJson(text, z.unknown(), { where, expected: 'a manifest in JSON', advice });
  const version = isObject(value) ? value['version'] : undefined;
  if (version !== 3) {
    throw new Error(
      `${where}: expected a manifest of version 3, found ${describeVersion(version)}; ` +
        'push the build cache again with Spack 1.0 or newer (1.x writes version 3)',
    );
  }
  const expected = 'a manifest as `spack buildcache push` writes it';
  return parseJson(text, MirrorManifest, { where, expected, advice });
}

/** The blob of one media type that the manifest of an index or a key names; `where` names it in errors. */
export function readNamedBlob(manifest: string, where: string, mediaType: string): Blob {
  const { data } = parseMirrorManifest(splitSigned(manifest, where).text, where);
  const record = data.find((blob) => blob.mediaType === mediaType);
  if (record) return { digest: digestFrom(record.checksum), size: record.contentLength };
  throw new Error(
    `${where}: expected a blob of type ${mediaType}, found ${quote(data[0]?.mediaType ?? '')}; update it with Spack 1`,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function describeVersion(version: unknown): string {
  return version === undefined ? 'no version' : `version ${JSON.stringify(version)}`.slice(0, 80);
}
