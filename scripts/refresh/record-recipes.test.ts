import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type BuildVerdicts,
  type OlderCause,
  RecipeComparison,
} from '../../site/schemas/checks/recipe-comparison.ts';
import { Package } from '../../site/schemas/package.ts';
import { addFiles } from '../catalog/catalog.ts';
import type { Verdict } from './compare.ts';
import { type RecipePackage, groupVerdicts, recordComparison, recordPackages } from './record-recipes.ts';

const [A, B, C, D, GONE] = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(32)) as [
  string,
  string,
  string,
  string,
  string,
];
const HERE = new Set([A, B, C, D]);
const ZLIB: OlderCause = { why: 'version', name: 'zlib', version: '1.3', newest: '1.4' };
const TREE: OlderCause = { why: 'recipe', name: 'tree', version: '2.1.0' };
const JUNE = {
  name: 'v2026.06.0',
  commit: 'a'.repeat(40),
  commitDate: '2026-06-20T00:00:00Z',
  now: '2026-07-01T00:00:00Z',
};
const OCTOBER = {
  name: 'v2026.10.0',
  commit: 'b'.repeat(40),
  commitDate: '2026-10-20T00:00:00Z',
  now: '2026-11-01T00:00:00Z',
};
const FOUND: BuildVerdicts = { current: [A], noNewer: [], older: [{ ...ZLIB, hashes: [B, C] }] };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recipes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function record(found: BuildVerdicts, release = JUNE): string[] {
  return addFiles(folder, recordComparison(found, release, HERE, folder));
}

function recorded(): RecipeComparison {
  return RecipeComparison.parse(JSON.parse(readFileSync(join(folder, 'checks/recipes.json'), 'utf8')));
}

test('groups builds that are older for the same reason', () => {
  const different = (cause?: OlderCause): Verdict => ({
    kind: 'different',
    reason: 'r',
    ...(cause && { cause }),
  });
  const verdicts = new Map<string, Verdict>([
    [D, { kind: 'unchanged', reason: '' }],
    [C, different(ZLIB)],
    [B, different(ZLIB)],
    [A, different()],
    [GONE, { kind: 'unclear', reason: '' }],
    ['z'.repeat(32), { kind: 'unclear', reason: 'its recipe was not asked', isUnknown: true }],
  ]);
  expect(groupVerdicts(verdicts)).toEqual({
    current: [D],
    noNewer: [A, GONE],
    older: [{ ...ZLIB, hashes: [B, C] }],
  });
});

test('keeps since which release a build is older, until it is renewed', () => {
  record(FOUND);
  expect(recorded()).toMatchObject({ release: 'v2026.06.0', older: [{ since: { release: 'v2026.06.0' } }] });
  record({ current: [C], noNewer: [], older: [{ ...TREE, hashes: [B, A] }] }, OCTOBER);
  const since = (release: typeof JUNE) => ({ release: release.name, date: release.commitDate });
  expect(recorded()).toEqual({
    release: 'v2026.10.0',
    commit: OCTOBER.commit,
    date: OCTOBER.commitDate,
    current: [C],
    noNewer: [],
    older: [
      { ...TREE, hashes: [A], since: since(OCTOBER) },
      { ...TREE, hashes: [B], since: since(JUNE) },
    ],
  });
});

test('writes nothing when nothing is new, nor for older recipes or recipes without a known commit', () => {
  expect(record(FOUND, OCTOBER)).toEqual(['checks/recipes.json']);
  expect(record(FOUND, OCTOBER)).toEqual([]);
  expect(record({ ...FOUND, current: [] }, JUNE)).toEqual([]);
  expect(record(FOUND, { ...OCTOBER, commit: 'installed', commitDate: '' })).toEqual([]);
});

test('records one verdict per build, and none for builds that are not in the cache', () => {
  record({ current: [B, GONE], noNewer: [D, D], older: [{ ...ZLIB, hashes: [B, B] }] });
  expect(recorded()).toMatchObject({ current: [], noNewer: [D], older: [{ hashes: [B] }] });
});

const OPENSSL: RecipePackage = {
  name: 'openssl',
  description: 'TLS.',
  homepage: 'https://openssl.org',
  licenses: ['Apache-2.0'],
  maintainers: [],
  tags: [],
  deprecated: [{ version: '3.6.0', reason: '', severity: '', cves: ['CVE-2026-1234'] }],
};
function recordRecipes(packages: RecipePackage[], release = JUNE): string[] {
  return addFiles(folder, recordPackages(packages, release, folder));
}

function readOpenssl(): Package {
  return Package.parse(JSON.parse(readFileSync(join(folder, 'packages/openssl.json'), 'utf8')));
}

test('records deprecated versions with the details in the recipe and the release in which they were first seen', () => {
  recordRecipes([OPENSSL]);
  expect(readOpenssl()).toMatchObject({
    commit: JUNE.commit,
    deprecated: [{ version: '3.6.0', since: 'v2026.06.0', cves: ['CVE-2026-1234'] }],
  });
  const more = { version: '3.6.1', reason: 'broken', severity: 'high', cves: [] };
  recordRecipes([{ ...OPENSSL, deprecated: [more, ...OPENSSL.deprecated] }], OCTOBER);
  expect(readOpenssl().deprecated).toEqual([
    {
      version: '3.6.1',
      since: 'v2026.10.0',
      seen: OCTOBER.now,
      reason: 'broken',
      severity: 'high',
      cves: [],
    },
    { version: '3.6.0', since: 'v2026.06.0', seen: JUNE.now, cves: ['CVE-2026-1234'] },
  ]);
  recordRecipes([{ ...OPENSSL, deprecated: [] }], { ...OCTOBER, commitDate: '2026-10-21T00:00:00Z' });
  expect(readOpenssl().deprecated).toBeUndefined();
});

test('writes nothing when only the commit differs, nor for older recipes', () => {
  expect(recordRecipes([OPENSSL], OCTOBER)).toEqual(['packages/openssl.json']);
  expect(recordRecipes([OPENSSL], { ...OCTOBER, commit: 'c'.repeat(40) })).toEqual([]);
  expect(recordRecipes([{ ...OPENSSL, deprecated: [] }], JUNE)).toEqual([]);
});

test('records recipe information only within its limits', () => {
  const odd = { version: '1'.repeat(200), reason: '', severity: '', cves: [] };
  const long = { version: '1', reason: 'r'.repeat(5_000), severity: 's'.repeat(500), cves: ['CVE-x'] };
  recordRecipes([
    { ...OPENSSL, deprecated: [odd, long, ...OPENSSL.deprecated] },
    { ...OPENSSL, name: '../x' },
  ]);
  expect(readOpenssl().deprecated?.map(({ version }) => version)).toEqual(['3.6.0']);
});

test('refuses recipes from the future: none would be recorded after them', () => {
  const release = { ...JUNE, commitDate: '2027-01-01T00:00:00Z' };
  expect(() => recordRecipes([OPENSSL], release)).toThrow(
    /expected recipes from before 2026-07-01T00:00:00Z/,
  );
});
