import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { inventSiteCatalog } from '../../../tests/browser/search-data.ts';
import { LockFile } from '../../schemas/lock-file.ts';
import { targetOf } from '../../schemas/node.ts';
import { BuildCacheSettings } from '../../schemas/build-cache-settings.ts';
import { parseSettings } from '../../schemas/settings.ts';
import { describePackages, describeSpecs } from '../api/lists.ts';
import { readTable } from '../api/spec-table.ts';
import { coverTogether } from './cover-together.ts';
import { findPackages, joinPackages, SiblingPackages, SiblingTable } from './siblings.ts';

const FILE = join(import.meta.dirname, '../../../tests/fixtures/real-nodes/x86_64_v3.lock.json');
const lock = LockFile.parse(JSON.parse(readFileSync(FILE, 'utf8')));
/** Maximum compressed size of a first load of the page. */
const FIRST_LOAD_BYTES = 300_000;

test('the list of a cache of 2,000 builds is a small part of a first load of five, and fits its schema', () => {
  const catalog = inventSiteCatalog(2_000);
  const text = JSON.stringify(describePackages(catalog));
  expect(SiblingPackages.parse(JSON.parse(text)).packages).toHaveLength(catalog.packages.size);
  expect(5 * gzipSync(text).length).toBeLessThan(FIRST_LOAD_BYTES / 2);
});

test("reads a sibling's table of builds", () => {
  const table = SiblingTable.parse(JSON.parse(JSON.stringify(describeSpecs(inventSiteCatalog(50)))));
  expect(readTable(table)).toHaveLength(50);
});

test('finds the caches that have a package, and their versions', () => {
  const one = { name: 'hdf5', versions: ['1.14.5', '1.12.3'], targets: ['zen3'], builds: 3 };
  const shared = joinPackages(
    new Map([
      ['https://a.example', { packages: [one, { ...one, name: 'zlib' }] }],
      [
        'https://b.example',
        {
          packages: [
            { ...one, versions: ['1.10.0'] },
            { ...one, name: 'py-hdf5' },
          ],
        },
      ],
    ]),
  );
  expect(shared.map(({ name }) => name)).toEqual(['hdf5', 'py-hdf5', 'zlib']);
  expect(findPackages(shared, 'HDF5').map(({ name, holders }) => [name, holders.length])).toEqual([
    ['hdf5', 2],
    ['py-hdf5', 1],
  ]);
  expect(findPackages(shared, 'hdf5@1.10')).toMatchObject([
    { name: 'hdf5', holders: [{ url: 'https://b.example' }] },
  ]);
  expect(findPackages(shared, 'nothing')).toEqual([]);
});

test('covers a real lock with three caches like their union does, and names the mirrors to add', () => {
  const specs = Object.values(lock.concrete_specs).filter(({ external }) => !external);
  const cacheOf = (url: string, keep: (at: number) => boolean) => ({
    url,
    failures: [],
    builds: specs
      .filter((_, at) => keep(at))
      .map((node) => ({
        hash: node.hash,
        name: node.name,
        version: node.version,
        target: targetOf(node),
        size: 1000,
        buildSystem: '',
        seconds: undefined,
      })),
  });
  const half = cacheOf('https://half.example', (at) => at % 2 === 0);
  const part = cacheOf('https://part.example', (at) => at % 4 === 1);
  const rest = cacheOf('https://rest.example', (at) => at % 2 === 1);
  const coverage = coverTogether(lock, [part, half, rest]);
  expect(coverage).toMatchObject({ percent: 100, missing: [] });
  expect(coverage.mirrors.map(({ url }) => url).sort()).toEqual([
    'https://half.example',
    'https://rest.example',
  ]);
  expect(coverage.mirrors.reduce((sum, { adds }) => sum + adds, 0)).toBe(coverage.available);
  expect(coverage.downloadSize).toBe(1000 * coverage.available);
  expect(coverTogether(lock, [part]).mirrors).toHaveLength(1);
});

test.each([
  ['an invalid name', { packages: [{ name: '<img src=x>', versions: [], targets: [], builds: 1 }] }],
  [
    'a version of any length',
    { packages: [{ name: 'a', versions: ['x'.repeat(301)], targets: [], builds: 1 }] },
  ],
  ['numbers that are none', { packages: [{ name: 'a', versions: [], targets: [], builds: '1' }] }],
])('refuses %s in what a sibling says', (_, document) => {
  expect(SiblingPackages.safeParse(document).success).toBe(false);
});

test('rejects a table with columns of different lengths', () => {
  const table = JSON.parse(JSON.stringify(describeSpecs(inventSiteCatalog(20)))) as SiblingTable;
  table.columns.size.pop();
  expect(SiblingTable.safeParse(table).error?.message).toContain('expected columns of one length');
});

test('accepts addresses of siblings, and nothing else', () => {
  const federate = ['https://owner.github.io/repo/', 'http://localhost:4321/cache'];
  expect(BuildCacheSettings.parse({ federate }).federate).toEqual([
    'https://owner.github.io/repo',
    'http://localhost:4321/cache',
  ]);
  expect(parseSettings({ FEDERATE: federate.join(' ') }).FEDERATE).toHaveLength(2);
  for (const url of [
    'javascript:alert(1)',
    'http://a.example',
    'https://a.example/?x',
    'https://a.example/ b',
    'https://u:p@a.example',
  ])
    expect(BuildCacheSettings.safeParse({ federate: [url] }).success, url).toBe(false);
  expect(
    BuildCacheSettings.safeParse({ federate: ['https://a.example', 'https://a.example/'] }).success,
  ).toBe(false);
  expect(() => parseSettings({ FEDERATE: 'javascript:alert(1)' })).toThrow(/FEDERATE.*: expected an address/);
});
