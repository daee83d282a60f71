import { z } from 'zod';
import { publishedBuild } from '../../site/lib/api/published-build.ts';
import { tryJson } from '../../site/lib/json.ts';
import { IndexDocument } from '../../site/schemas/api/index-document.ts';
import { buildFile } from '../../site/lib/catalog/catalog-files.ts';
import { digestFrom } from '../../site/schemas/digest.ts';
import { readText } from '../build-cache/mirror-files.ts';
import { describeError } from '../cli/command.ts';
import { verifyDetached } from '../../site/lib/spack/signed-manifest.ts';
import { isSameJson, type Diagnosis } from './diagnosis.ts';
import type { ExaminedCatalog } from './read-catalog.ts';
import { expectBytes, lookAt, TEXT_LIMIT_BYTES, type SiteCheck } from './site-files.ts';

const INDEX = 'api/index.json';

/** Options for checking a site's API. */
interface ApiCheck extends SiteCheck {
  /** The served text of the API's index. */
  text: string;
  /** Whether the site shows another state of the catalog. */
  isBehind: boolean;
}

/**
 * Checks a site's API: its index by the signature, each list by the digest in the index, and the documents of
 * builds by the catalog's records, which never change.
 */
export async function checkApi(read: ExaminedCatalog, diagnosis: Diagnosis, check: ApiCheck): Promise<void> {
  const { site, text } = check;
  await checkSignature(read, diagnosis, check);
  const index = tryJson(text, IndexDocument);
  if (index) {
    if (!check.isBehind) checkFacts(index, diagnosis, check);
    await checkLists(index, diagnosis, check);
  } else
    diagnosis.add('site-api-differs', {
      where: site.locate(INDEX),
      expected: 'the index of the API in the form of its schema',
      found: 'another form',
    });
  await checkBuilds(read, diagnosis, check);
}

/** Anybody can put another index where a file can be changed; only the key can sign it. */
async function checkSignature(
  { catalog }: ExaminedCatalog,
  diagnosis: Diagnosis,
  { site, text }: ApiCheck,
): Promise<void> {
  const path = `${INDEX}.asc`;
  diagnosis.count('site', 'the index of the API is signed', catalog.keys.size > 0 ? 1 : 0);
  if (catalog.keys.size === 0) return;
  await lookAt(site, path, diagnosis, async () => {
    const signature = await readText(site, path, TEXT_LIMIT_BYTES);
    try {
      if (signature === undefined) throw new Error('nothing');
      await verifyDetached(text, signature, [...catalog.keys.values()], 'the index of the API');
    } catch (error) {
      diagnosis.add('site-api-differs', {
        where: site.locate(path),
        expected: `a signature of ${INDEX} by a key in keys/`,
        found: describeError(error),
      });
    }
  });
}

/** Compares what the index says of the whole cache: without a key nothing else shows an edited one. */
function checkFacts(index: IndexDocument, diagnosis: Diagnosis, { site, indexed }: ApiCheck): void {
  const builds = [...indexed.builds.values()];
  const { signed, size, counts } = index;
  const served = { signed, size, builds: counts.builds, packages: counts.packages, keys: counts.keys };
  const expected: typeof served = {
    signed: indexed.keys.size > 0,
    size: builds.reduce((sum, { tarball }) => sum + tarball.size, 0),
    builds: builds.length,
    packages: new Set(builds.map(({ name }) => name)).size,
    keys: indexed.keys.size,
  };
  if (isSameJson(served, expected)) return;
  const [found, wanted] = [served, expected].map((facts) => JSON.stringify(facts));
  diagnosis.add('site-api-differs', {
    where: site.locate(INDEX),
    expected: wanted ?? '',
    found: found ?? '',
  });
}

/** Hashes each list of the API, which the index names with its digest. */
async function checkLists(
  { url: address, endpoints, changes }: IndexDocument,
  diagnosis: Diagnosis,
  { site }: ApiCheck,
): Promise<void> {
  const lists = [...endpoints, ...changes].flatMap(({ url, sha256, size }) =>
    sha256 === undefined || size === undefined || !url.startsWith(`${address}/`)
      ? []
      : [{ path: url.slice(address.length + 1), blob: { digest: digestFrom(sha256), size } }],
  );
  for (const { path, blob } of lists) {
    await lookAt(site, path, diagnosis, () =>
      expectBytes(site, { path, blob }, diagnosis, [
        'site-api-differs',
        `the text that ${INDEX} names, ${blob.size} bytes`,
      ]),
    );
  }
  diagnosis.count('site', 'lists of the API are those that its index names', lists.length);
}

const Served = z.looseObject({ build: z.unknown() });

/** Compares a sample of the documents of builds with the catalog. */
async function checkBuilds(
  { directory, catalog }: ExaminedCatalog,
  diagnosis: Diagnosis,
  { site, limit, now, isBehind }: ApiCheck,
): Promise<void> {
  const builds = [...catalog.builds.values()];
  await diagnosis.sample('site', 'documents of builds match the catalog', builds, { limit, now }, (build) => {
    const path = `api/specs/${build.hash}.json`;
    return lookAt(site, path, diagnosis, async () => {
      const text = await readText(site, path, TEXT_LIMIT_BYTES);
      // A site that is behind lacks newer builds.
      if (text === undefined && isBehind) return;
      if (isSameJson(tryJson(text ?? '', Served)?.build, publishedBuild(build))) return;
      diagnosis.add('site-build-differs', {
        where: site.locate(path),
        expected: `what ${directory}/${buildFile(build)} has`,
        found: text === undefined ? 'nothing' : 'another record',
      });
    });
  });
}
