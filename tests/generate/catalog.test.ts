import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ZodType } from 'zod';
import { readCatalog } from '../../scripts/catalog/catalog.ts';
import { parseMirrorManifest } from '../../scripts/build-cache/mirror-manifest.ts';
import { hexOf } from '../../site/schemas/digest.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { MonthlyStats } from '../../site/schemas/monthly-stats.ts';
import { Package } from '../../site/schemas/package.ts';
import { Container } from '../../site/schemas/container.ts';
import { Removed } from '../../site/schemas/removed.ts';
import { generateCatalog } from './catalog.ts';
import { inventContents } from './contents.ts';
import { createRandom } from './random.ts';

const BUILDS = 300;
let folder: string;
let catalog: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'generate-'));
  catalog = join(folder, 'catalog');
  await generateCatalog({ builds: BUILDS, seed: 1, directory: catalog });
});

afterAll(() => rm(folder, { recursive: true }));

test('is read as a catalog of that many builds, with every node of their DAGs', () => {
  const { builds, nodes, manifests, environments, cache } = readCatalog(catalog);
  expect([builds.size, manifests.size]).toEqual([BUILDS, BUILDS]);
  for (const { node } of nodes.values()) {
    for (const { hash } of node.dependencies) expect(nodes.has(hash)).toBe(true);
  }
  expect(environments.size).toBe(2);
  for (const roots of environments.values()) expect(roots.every((root) => builds.has(root))).toBe(true);
  expect(cache).toBeDefined();
});

test('invents contents for a package named like a member of every object', () => {
  const [first] = readCatalog(catalog).nodes.values();
  if (!first) throw new Error('expected a node');
  const { programs } = inventContents({ ...first.node, name: 'constructor' }, createRandom('any'));
  expect(programs).toContain('constructor');
});

test("manifests name their build's tarball and config", () => {
  const { builds, manifests } = readCatalog(catalog);
  for (const [hash, { tarball, image }] of builds) {
    const { data } = parseMirrorManifest(manifests.get(hash) ?? '', hash);
    expect(data.map(({ checksum }) => checksum)).toEqual([hexOf(tarball.digest), hexOf(image.config.digest)]);
    expect(data.map(({ contentLength }) => contentLength)).toEqual([tarball.size, image.config.size]);
  }
});

test.each<[string, ZodType]>([
  ['packages', Package],
  ['failures', Failure],
  ['removed', Removed],
  ['containers', Container],
  ['stats', MonthlyStats],
])('%s fit their schema', async (part, schema) => {
  const files = await readAll(join(catalog, part));
  expect(files.size).toBeGreaterThan(0);
  for (const text of files.values()) expect(() => schema.parse(JSON.parse(text))).not.toThrow();
});

test('the same seed gives the same files, another seed others', async () => {
  const files = await readAll(catalog);
  for (const seed of [1, 2]) {
    const directory = join(folder, `again-${seed}`);
    await generateCatalog({ builds: BUILDS, seed, directory });
    const again = await readAll(directory);
    if (seed === 1) expect(again).toEqual(files);
    else expect([...again.keys()]).not.toEqual([...files.keys()]);
  }
});

test('refuses a directory that is not empty and does not change it', async () => {
  const directory = join(folder, 'taken');
  await mkdir(directory);
  await writeFile(join(directory, 'mine.txt'), 'mine');
  await expect(generateCatalog({ builds: 1, seed: 1, directory })).rejects.toThrow(
    /expected a new or an empty/,
  );
  expect(await readdir(directory)).toEqual(['mine.txt']);
});

/** Reads all files below a folder, keyed by path, sorted. */
async function readAll(directory: string): Promise<Map<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(
      paths.sort().map(async (path) => [path.slice(directory.length), await readFile(path, 'utf8')] as const),
    ),
  );
}
