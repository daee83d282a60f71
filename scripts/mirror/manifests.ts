import pMap from 'p-map';
import type { RetiredBuild } from '../../site/lib/mirror/retired.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorManifestPath } from '../../site/schemas/node.ts';
import { KEY_INDEX_MEDIA_TYPE, KEY_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { blobRecord, manifestText } from '../build-cache/mirror-manifest.ts';
import type { Dist } from './dist.ts';
import { blobOf } from '../cli/digest.ts';

/** Files that are written at a time. */
const FILES = 16;

/** What Spack writes; it says so whether a cache is signed or not. */
const LAYOUT_TEXT = '{"signing": "gpg"}';

/**
 * Writes the mirror's fixed parts: its layout, the public keys, and the spec manifests of all builds, since
 * the index of everything lists them and a client takes what it does not find here from its next mirror; those of
 * retired builds, too.
 */
export async function writeManifests(
  catalog: Catalog,
  retired: readonly RetiredBuild[],
  dist: Dist,
): Promise<void> {
  await dist.addText('v3/layout.json', LAYOUT_TEXT);
  await writeKeys(catalog.keys, dist);
  const listed = [...catalog.builds.values()].map((build) => ({
    build,
    manifest: catalog.manifests.get(build.hash) ?? '',
  }));
  await pMap(
    [...listed, ...retired],
    ({ build, manifest }) => dist.addText(mirrorManifestPath(build), manifest),
    { concurrency: FILES },
  );
}

async function writeKeys(keys: Catalog['keys'], dist: Dist): Promise<void> {
  if (keys.size === 0) return;
  const fingerprints = [...keys.keys()].sort();
  for (const fingerprint of fingerprints) {
    const blob = await addText(keys.get(fingerprint) ?? '', dist);
    await dist.addText(
      `v3/manifests/key/${fingerprint}.key.manifest.json`,
      manifestText([blobRecord(blob, KEY_MEDIA_TYPE, 'none')]),
    );
  }
  const index = JSON.stringify({
    keys: Object.fromEntries(fingerprints.map((fingerprint) => [fingerprint, {}])),
  });
  await dist.addText(
    'v3/manifests/key/keys.manifest.json',
    manifestText([blobRecord(await addText(index, dist), KEY_INDEX_MEDIA_TYPE, 'none')]),
  );
}

async function addText(text: string, dist: Dist): Promise<Blob> {
  const bytes = Buffer.from(text);
  const blob = blobOf(bytes);
  await dist.addBytes(blob, bytes);
  return blob;
}
