import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { parseJson } from '../../site/lib/json.ts';
import { readPublicKeys } from '../../site/lib/spack/public-key.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { digestFrom } from '../../site/schemas/digest.ts';
import { KEY_INDEX_MEDIA_TYPE, KEY_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';
import { decodeText, MANIFEST_LIMIT_BYTES } from '../build-cache/build-cache.ts';
import { parseMirrorManifest } from '../build-cache/mirror-manifest.ts';
import type { SourceFolder } from '../import/source-folder.ts';
import { splitSigned } from '../signing/signature.ts';
import type { CopyFolder } from './copy-folder.ts';

/** A cache has a key or two; one more each time that a key is replaced. */
const KEYS_LIMIT = 100;

const KeyIndex = z.object({
  keys: z
    .record(z.string().regex(/^[0-9A-F]{40}(?:[0-9A-F]{24})?$/, 'expected a fingerprint'), z.unknown())
    .refine((keys) => Object.keys(keys).length <= KEYS_LIMIT, `expected at most ${KEYS_LIMIT} keys`),
});

/** Public keys by fingerprint, armored. */
export type Keys = ReadonlyMap<string, string>;

/** Copies a cache's public keys with their manifests as they are. None: the cache has no key. */
export async function copyKeys(
  source: SourceFolder,
  folder: CopyFolder,
  fetchBlob: (blob: Blob) => Promise<string>,
): Promise<Keys> {
  const indexPath = 'v3/manifests/key/keys.manifest.json';
  const indexText = await copyNamedBlob(indexPath, KEY_INDEX_MEDIA_TYPE);
  if (indexText === undefined) return new Map();
  const { keys } = parseJson(indexText, KeyIndex, {
    where: source.locate(indexPath),
    expected: 'the list of keys that Spack writes',
    advice: 'run `spack buildcache update-index --keys` there',
  });
  const armored = new Map<string, string>();
  for (const fingerprint of Object.keys(keys).sort()) {
    const path = `v3/manifests/key/${fingerprint}.key.manifest.json`;
    const text = await copyNamedBlob(path, KEY_MEDIA_TYPE);
    if (text === undefined)
      throw new Error(`${source.locate(path)}: expected a key, as the list of keys says, found none`);
    await readPublicKeys(text);
    armored.set(fingerprint, text);
  }
  return armored;

  /** @returns the text of the blob that a manifest names */
  async function copyNamedBlob(path: string, mediaType: string): Promise<string | undefined> {
    const where = source.locate(path);
    const manifest = await source.read(path, MANIFEST_LIMIT_BYTES);
    if (!manifest) return undefined;
    const [record] = parseMirrorManifest(splitSigned(decodeText(manifest, where), where).text, where).data;
    if (record?.mediaType !== mediaType || record.contentLength > MANIFEST_LIMIT_BYTES)
      throw new Error(`${where}: expected a manifest of ${mediaType}, found another`);
    const file = await fetchBlob({ digest: digestFrom(record.checksum), size: record.contentLength });
    await folder.addFile(path, manifest);
    return readFile(file, 'utf8');
  }
}
