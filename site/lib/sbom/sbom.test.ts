import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findProgram } from '../../../tests/tools/path.ts';
import { LockFile } from '../../schemas/lock-file.ts';
import type { Build } from '../../schemas/build.ts';
import type { SiteCatalog } from '../catalog/site-catalog.ts';
import { sbomText } from './sbom.ts';
import { composeSboms } from './served-sboms.ts';

const FILE = join(import.meta.dirname, '../../../tests/fixtures/real-nodes/x86_64_v3.lock.json');
const lock = LockFile.parse(JSON.parse(readFileSync(FILE, 'utf8')));
const nodes = new Map(Object.entries(lock.concrete_specs).map(([hash, node]) => [hash, { node, text: '' }]));
const curl = Object.values(lock.concrete_specs).find(({ name }) => name === 'curl');
if (!curl) throw new Error('no curl in the lock file');

/** The parts of a record that go into a bill of materials. */
function buildOf(hash: string): Build {
  return {
    hash,
    published: '2026-11-23T07:40:00Z',
    tarball: { digest: `sha256:${'a'.repeat(64)}` },
  } as Build;
}

interface Spdx {
  packages: { SPDXID: string; name: string }[];
  relationships: { relationshipType: string; relatedSpdxElement: string; spdxElementId: string }[];
}

test("is valid SPDX 2.3 according to SPDX's own tools", () => {
  const program = findProgram('pyspdxtools');
  expect(program, 'pyspdxtools is installed by `npm test`').toBeDefined();
  const folder = mkdtempSync(join(tmpdir(), 'sbom-'));
  const file = join(folder, 'curl.spdx.json');
  writeFileSync(file, sbomText(buildOf(curl.hash), nodes));
  // Exits with 1 and prints the errors if it is not valid.
  execFileSync(program ?? '', ['-i', file], { stdio: 'pipe' });
  rmSync(folder, { recursive: true });
});

test('has all run-time dependencies of a build and the compilers that built it, each once', () => {
  const { packages, relationships }: Spdx = JSON.parse(sbomText(buildOf(curl.hash), nodes));
  const names = packages.map(({ name }) => name);
  expect(names[0]).toBe('curl');
  expect(names).toEqual(expect.arrayContaining(['zlib-ng', 'gcc', 'gcc-runtime', 'glibc']));
  const ids = packages.map(({ SPDXID }) => SPDXID);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { relatedSpdxElement } of relationships) expect(ids).toContain(relatedSpdxElement);
  const compiler = packages.find(({ name }) => name === 'gcc')?.SPDXID;
  expect(relationships).toContainEqual({
    spdxElementId: compiler,
    relationshipType: 'BUILD_DEPENDENCY_OF',
    relatedSpdxElement: ids[0],
  });
});

test('the site has those of environments and the newest builds, within its limit', () => {
  const hashes = Object.values(lock.concrete_specs)
    .filter(({ external }) => !external)
    .map(({ hash }) => hash);
  const last = hashes.at(-1) ?? '';
  const catalog = {
    builds: new Map(hashes.map((hash) => [hash, { build: buildOf(hash) }])),
    nodes,
    locks: new Map([['stack', { ...lock, roots: [{ hash: last, spec: 'x' }] }]]),
  } as unknown as SiteCatalog;
  const served = composeSboms(catalog, 60_000);
  expect([...served.keys()].slice(0, 2)).toEqual([last, hashes[0]]);
  expect(served.size).toBeLessThan(hashes.length);
  expect([...served.values()].join('').length).toBeLessThanOrEqual(60_000);
});
