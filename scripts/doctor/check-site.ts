import pMap from 'p-map';
import prettyBytes from 'pretty-bytes';
import { tryJson } from '../../site/lib/json.ts';
import { manifestFile } from '../../site/lib/catalog/catalog-files.ts';
import { sha256Of } from '../../site/lib/mirror/recorded-settings.ts';
import { StorageDocument } from '../../site/schemas/api/storage-document.ts';
import { digestFrom, mirrorBlobPath } from '../../site/schemas/digest.ts';
import { mirrorManifestPath } from '../../site/schemas/node.ts';
import { describeError } from '../cli/command.ts';
import { measureFiles } from '../cli/files.ts';
import { parseServedIndex } from '../deploy/live-site.ts';
import { checkApi } from './check-api.ts';
import { checkIndexes, type SiteIndexes } from './check-indexes.ts';
import { readSiteBlob } from './site-indexes.ts';
import { expectSize, expectText, lookAt, TEXT_LIMIT_BYTES, type SiteCheck } from './site-files.ts';
import type { ExaminedCatalog } from './read-catalog.ts';
import { readText, type MirrorFiles } from '../build-cache/mirror-files.ts';
import { KEY_INDEX_MEDIA_TYPE, KEY_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';
import { KEY_INDEX_PATH, KeyIndex, LAYOUT, keyManifestPath } from '../build-cache/mirror-manifest.ts';
import { REQUESTS, type Diagnosis } from './diagnosis.ts';

/**
 * Compares a site with the catalog: index and views, manifests, blobs, keys, recorded settings files, size.
 * @returns hashes of the builds whose tarballs it serves; undefined when it does not answer
 */
export async function checkSite(
  read: ExaminedCatalog,
  diagnosis: Diagnosis,
  check: SiteCheck,
): Promise<Set<string> | undefined> {
  const { site } = check;
  try {
    return await compareSite(read, diagnosis, check);
  } catch (error) {
    diagnosis.add('site-unreachable', {
      where: site.locate('api/index.json'),
      expected: 'an answer to every request',
      found: describeError(error),
    });
    return undefined;
  }
}

async function compareSite(
  read: ExaminedCatalog,
  diagnosis: Diagnosis,
  check: SiteCheck,
): Promise<Set<string> | undefined> {
  const { site, commit } = check;
  const text = await readText(site, 'api/index.json', TEXT_LIMIT_BYTES);
  const served = text === undefined ? undefined : parseServedIndex(text);
  if (text === undefined || !served) {
    diagnosis.add('site-unreachable', {
      where: site.locate('api/index.json'),
      expected: 'the index of a build cache',
      found: text === undefined ? 'nothing' : 'something else',
    });
    return undefined;
  }
  const indexes = await checkIndexes(read, diagnosis, check);
  if (indexes.isBehind && served.commit !== undefined && commit !== undefined && served.commit !== commit) {
    diagnosis.add('site-behind', {
      where: site.locate('api/index.json'),
      expected: `a deployment of commit ${commit.slice(0, 7)}`,
      found: `one of commit ${served.commit.slice(0, 7)}`,
    });
  }
  await expectText(site, LAYOUT.path, diagnosis, {
    text: LAYOUT.text,
    expected: 'the layout of a mirror',
    differs: 'site-layout-differs',
  });
  await checkApi(read, diagnosis, { ...check, text, isBehind: indexes.isBehind });
  await checkManifests(read, diagnosis, check);
  await checkBlobs(read, diagnosis, check, indexes.listed);
  await checkKeys(read, diagnosis, check);
  await checkSettings(read, diagnosis, check);
  await checkBudget(read, diagnosis, check, indexes);
  return indexes.listed;
}

async function checkManifests(
  { catalog }: ExaminedCatalog,
  diagnosis: Diagnosis,
  { site, limit, now }: SiteCheck,
): Promise<void> {
  const builds = [...catalog.builds.values()];
  await diagnosis.sample('site', 'manifests match the catalog', builds, { limit, now }, (build) =>
    expectText(site, mirrorManifestPath(build), diagnosis, {
      text: catalog.manifests.get(build.hash),
      expected: `the content of ${manifestFile(build)} in the catalog`,
      differs: 'site-manifest-differs',
      missing: 'site-manifest-missing',
    }),
  );
}

async function checkBlobs(
  { catalog }: ExaminedCatalog,
  diagnosis: Diagnosis,
  { site, limit, now }: SiteCheck,
  listed: ReadonlySet<string>,
): Promise<void> {
  const builds = [...catalog.builds.values()].filter(({ hash }) => listed.has(hash));
  const name = 'tarballs of listed builds exist';
  await diagnosis.sample('site', name, builds, { limit, now }, ({ name, version, tarball }) => {
    const expected = `the tarball of ${name}@${version}, which the index of the site lists: ${tarball.size} bytes`;
    return lookAt(site, mirrorBlobPath(tarball.digest), diagnosis, () =>
      expectSize(site, tarball, diagnosis, ['site-blob-missing', expected]),
    );
  });
}

/** Checks that clients fetch the same keys that sign. */
async function checkKeys(
  { catalog }: ExaminedCatalog,
  diagnosis: Diagnosis,
  { site }: SiteCheck,
): Promise<void> {
  const { keys } = catalog;
  const record = await readSiteBlob(site, KEY_INDEX_PATH, KEY_INDEX_MEDIA_TYPE);
  const text = record && (await readText(site, mirrorBlobPath(record.digest), TEXT_LIMIT_BYTES));
  const listed = tryJson(text ?? '', KeyIndex)?.keys ?? {};
  const [found, expected] = [Object.keys(listed), [...keys.keys()]].map(
    (names) => names.sort().join(', ') || 'none',
  );
  if (found !== expected)
    diagnosis.add('site-key-differs', {
      where: site.locate(KEY_INDEX_PATH),
      expected: `the keys ${expected ?? ''}`,
      found: `the keys ${found ?? ''}`,
    });
  for (const [fingerprint, armored] of keys) {
    const keyPath = keyManifestPath(fingerprint);
    const blob = await readSiteBlob(site, keyPath, KEY_MEDIA_TYPE);
    const expected = `the key in keys/${fingerprint}.asc`;
    if (blob?.digest === digestFrom(sha256Of(armored))) {
      await expectText(site, mirrorBlobPath(blob.digest), diagnosis, {
        text: armored,
        expected,
        differs: 'site-key-differs',
      });
    } else {
      const found = blob === undefined ? 'nothing' : 'another key';
      diagnosis.add('site-key-differs', { where: site.locate(keyPath), expected, found });
    }
  }
  diagnosis.count('site', 'keys match the catalog', keys.size);
}

/**
 * Checks recorded settings files, whose names are digests: if one is missing, all commands of its consumers
 * fail.
 */
async function checkSettings(
  { recorded }: ExaminedCatalog,
  diagnosis: Diagnosis,
  { site }: SiteCheck,
): Promise<void> {
  await pMap(
    recorded,
    async ([sha256, body]) => {
      // A damaged record is a separate finding.
      if (sha256Of(body) !== sha256) return;
      await expectText(site, `api/mirrors/${sha256}.yaml`, diagnosis, {
        text: body,
        expected: 'the recorded settings file, which consumers include by its digest',
        differs: 'settings-not-served',
      });
    },
    { concurrency: REQUESTS },
  );
  diagnosis.count('site', 'recorded settings files are served', recorded.size);
}

/** Measures a folder; a deployed site states its size itself. */
async function checkBudget(
  read: ExaminedCatalog,
  diagnosis: Diagnosis,
  { site, budget }: SiteCheck,
  { blobs }: SiteIndexes,
): Promise<void> {
  const files = (await site.list('')) && measureFiles(site.address);
  const document = files ? undefined : await readText(site, 'api/storage.json', TEXT_LIMIT_BYTES);
  const stated = tryJson(document ?? '', StorageDocument.pick({ bytes: true, budget: true }).loose());
  const total = files ? [...files.values()].reduce((sum, size) => sum + size, 0) : stated?.bytes.total;
  const limit = files ? budget : (stated?.budget ?? budget);
  diagnosis.count(
    'site',
    'the size is within the budget',
    1,
    total === undefined ? { checked: 0, note: 'the site does not state its size' } : {},
  );
  if (total !== undefined && total > limit) {
    diagnosis.add('budget-exceeded', {
      where: site.locate('api/storage.json'),
      expected: `at most ${prettyBytes(limit)}`,
      found: prettyBytes(total),
    });
  }
  if (!files)
    diagnosis.count('site', 'every manifest belongs to a build', read.catalog.builds.size, {
      checked: 0,
      note: 'a server does not list its files; check the folder of the built site for those that nothing names',
    });
  else await findOrphans(read, diagnosis, site, { files, named: blobs });
}

/**
 * Reports manifests and blobs of a folder that nothing names. Indexes of earlier deployments may stay for a
 * while.
 */
async function findOrphans(
  { catalog, removed }: ExaminedCatalog,
  diagnosis: Diagnosis,
  site: MirrorFiles,
  { files, named }: { files: ReadonlyMap<string, number>; named: ReadonlySet<string> },
): Promise<void> {
  const known = new Set([...named].map(mirrorBlobPath));
  const graced = [...removed.values()].flatMap(({ grace }) => grace?.build ?? []);
  for (const { tarball, image } of [...catalog.builds.values(), ...graced])
    known.add(mirrorBlobPath(tarball.digest)).add(mirrorBlobPath(image.config.digest));
  for (const armored of catalog.keys.values()) known.add(mirrorBlobPath(digestFrom(sha256Of(armored))));
  const keyIndex = await readSiteBlob(site, KEY_INDEX_PATH, KEY_INDEX_MEDIA_TYPE);
  if (keyIndex) known.add(mirrorBlobPath(keyIndex.digest));
  const manifests = new Set([...catalog.builds.values(), ...graced].map(mirrorManifestPath));
  const served = [...files.keys()].filter((path) => path.startsWith('v3/manifests/spec/'));
  for (const path of served) {
    if (manifests.has(path)) continue;
    diagnosis.add('site-manifest-orphan', {
      where: site.locate(path),
      expected: 'manifests of existing builds',
      found: 'one without a build',
    });
  }
  diagnosis.count('site', 'every manifest belongs to a build', served.length);
  const blobs = [...files].filter(([path]) => path.startsWith('blobs/'));
  for (const [path] of blobs) {
    if (known.has(path) || (await isIndex(site, path))) continue;
    diagnosis.add('site-blob-orphan', {
      where: site.locate(path),
      expected: 'blobs that a manifest names',
      found: 'one that no manifest names',
    });
  }
  diagnosis.count('site', 'every blob is named by a manifest', blobs.length);
}

const INDEX_START = '{"database":{"version":"8"';

async function isIndex(site: MirrorFiles, path: string): Promise<boolean> {
  const stream = await site.open(path);
  for await (const chunk of stream ?? []) return Buffer.from(chunk).toString('utf8').startsWith(INDEX_START);
  return false;
}
