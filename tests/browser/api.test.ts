import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { splitArray, splitObject } from '../../site/lib/spack/node-text.ts';
import { IndexDocument } from '../../site/schemas/api/index-document.ts';
import { KeyList } from '../../site/schemas/api/key-list.ts';
import { PackageDocument } from '../../site/schemas/api/package-document.ts';
import { PackageList } from '../../site/schemas/api/package-list.ts';
import { TargetList } from '../../site/schemas/api/target-list.ts';
import { ViewList } from '../../site/schemas/api/view-list.ts';
import { computeDagHash } from '../../scripts/build-cache/spec-file.ts';
import type { History } from '../generate/history.ts';
import {
  ADDRESS as address,
  BUILDS,
  buildSampleSite,
  openSampleSite,
  type SampleSite,
} from './sample-site.ts';
import { listFiles, makeFolder, removeFolders } from './site.ts';

let site: SampleSite;
let dist: string;
let history: History;

beforeAll(async () => {
  site = await openSampleSite();
  ({ dist, history } = site);
});

afterAll(async () => {
  await site.close();
  await removeFolders();
});

async function read<Shape>(path: string, schema: z.ZodType<Shape>): Promise<Shape> {
  return schema.parse(JSON.parse(await readFile(join(dist, path), 'utf8')));
}

test('the index has the counts of the lists, and its links work', async () => {
  const index = await read('api/index.json', IndexDocument);
  const { packages } = await read('api/packages.json', PackageList);
  const { targets } = await read('api/targets.json', TargetList);
  expect(index.counts).toMatchObject({
    builds: BUILDS,
    packages: packages.length,
    targets: targets.length,
    keys: 0,
  });
  expect(packages.reduce((sum, { builds }) => sum + builds, 0)).toBe(BUILDS);
  expect(targets.reduce((sum, { builds }) => sum + builds, 0)).toBe(BUILDS);
  expect(await read('api/keys.json', KeyList)).toMatchObject({ keys: [] });
  const { views } = await read('api/views.json', ViewList);
  expect(views[0]).toMatchObject({ name: 'all', builds: BUILDS });
  const files = await listFiles(dist);
  const [hash = ''] = history.builds.keys();
  const name = history.nodes.get(hash)?.node.name;
  const values: Record<string, string | undefined> = { hash, name };
  for (const [link, template] of Object.entries(index.links)) {
    const path = template
      ?.slice(address.length)
      .replaceAll(/\{(\w+)\}/g, (_, key: string) => values[key] ?? '');
    // Files of the mirror are not there yet.
    if (!['manifest', 'tarball', 'image'].includes(link))
      expect(files).toContain(path?.replace(/\/$/, '/index.html'));
  }
  for (const { name, url, sha256, size } of index.endpoints) {
    if (sha256 === undefined) continue;
    const bytes = await readFile(join(dist, url.slice(address.length)));
    expect(createHash('sha256').update(bytes).digest('hex'), name).toBe(sha256);
    expect(bytes.length, name).toBe(size);
  }
});

test('each package and each build has a document, and there are no others', async () => {
  const files = await listFiles(join(dist, 'api'));
  const specs = files
    .filter((path) => path.startsWith('/specs/'))
    .map((path) => path.slice('/specs/'.length, -'.json'.length));
  expect(specs).toEqual([...history.builds.keys()].sort());
  const builds: string[] = [];
  for (const path of files.filter((file) => file.startsWith('/packages/'))) {
    const entry = await read(`api${path}`, PackageDocument);
    expect(path).toBe(`/packages/${entry.name}.json`);
    builds.push(...entry.builds.map(({ hash }) => hash));
  }
  expect(builds.sort()).toEqual(specs);
});

test("a package's nodes are verbatim as Spack wrote them", async () => {
  for (const { name } of (await read('api/packages.json', PackageList)).packages) {
    const { builds } = await read(`api/packages/${name}.json`, PackageDocument);
    const file = gunzipSync(await readFile(join(dist, `api/nodes/${name}.json.gz`))).toString('utf8');
    const texts = splitArray(splitObject(file).get('nodes') ?? '');
    expect(texts.map((text) => computeDagHash(text))).toEqual(builds.map(({ hash }) => hash));
  }
});

// Uses another folder, too; tests/e2e/api.test.ts checks the bytes of the next build in the same folder.
test.runIf(process.env['FULL'])(
  'the same catalog gives the same bytes, regardless of earlier files in the folder',
  async () => {
    const second = await makeFolder();
    for (const path of ['api/specs', 'builds/elsewhere']) {
      await mkdir(join(second, path), { recursive: true });
      await writeFile(join(second, path, 'index.html'), 'of another catalog');
    }
    await buildSampleSite(site.catalog, second);
    const files = await listFiles(dist);
    expect(await listFiles(second)).toEqual(files);
    for (const file of files) {
      expect(await readFile(join(second, file)), file).toEqual(await readFile(join(dist, file)));
    }
  },
);
