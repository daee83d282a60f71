import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Package } from '../../site/schemas/package.ts';
import { addFiles } from '../catalog/catalog.ts';
import { recordPackages, type RecipePackage } from './record-recipes.ts';

const OPENSSL: RecipePackage = {
  name: 'openssl',
  description: 'TLS.',
  homepage: 'https://openssl.org',
  licenses: ['Apache-2.0'],
  maintainers: [],
  tags: [],
  deprecated: [{ version: '3.6.0', reason: '', severity: '', cves: ['CVE-2026-1234'] }],
};
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

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'packages-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function record(packages: RecipePackage[], release = JUNE): string[] {
  return addFiles(folder, recordPackages(packages, release, folder));
}

function recorded(): Package {
  return Package.parse(JSON.parse(readFileSync(join(folder, 'packages/openssl.json'), 'utf8')));
}

test('records deprecated versions with what the recipe names, and the release that was first seen to say so', () => {
  record([OPENSSL]);
  expect(recorded()).toMatchObject({
    commit: JUNE.commit,
    deprecated: [{ version: '3.6.0', since: 'v2026.06.0', cves: ['CVE-2026-1234'] }],
  });
  const more = { version: '3.6.1', reason: 'broken', severity: 'high', cves: [] };
  record([{ ...OPENSSL, deprecated: [more, ...OPENSSL.deprecated] }], OCTOBER);
  expect(recorded().deprecated).toEqual([
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
  record([{ ...OPENSSL, deprecated: [] }], { ...OCTOBER, commitDate: '2026-10-21T00:00:00Z' });
  expect(recorded().deprecated).toBeUndefined();
});

test('writes nothing when only the commit is another, and nothing by older recipes', () => {
  expect(record([OPENSSL], OCTOBER)).toEqual(['packages/openssl.json']);
  expect(record([OPENSSL], { ...OCTOBER, commit: 'c'.repeat(40) })).toEqual([]);
  expect(record([{ ...OPENSSL, deprecated: [] }], JUNE)).toEqual([]);
});

test('takes what a recipe says within bounds only', () => {
  const odd = { version: '1'.repeat(200), reason: '', severity: '', cves: [] };
  const long = { version: '1', reason: 'r'.repeat(5_000), severity: 's'.repeat(500), cves: ['CVE-x'] };
  record([
    { ...OPENSSL, deprecated: [odd, long, ...OPENSSL.deprecated] },
    { ...OPENSSL, name: '../x' },
  ]);
  expect(recorded().deprecated?.map(({ version }) => version)).toEqual(['3.6.0']);
});

test('recipes of a day to come are refused: none would be recorded after them', () => {
  const release = { ...JUNE, commitDate: '2027-01-01T00:00:00Z' };
  expect(() => record([OPENSSL], release)).toThrow(/expected recipes from before 2026-07-01T00:00:00Z/);
});
