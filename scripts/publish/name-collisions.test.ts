import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeNode, makeSpecFile, type MadeNode } from '../../tests/world/spec-maker.ts';
import { addFiles } from '../catalog/catalog.ts';
import { parseSpecFile } from '../build-cache/spec-file.ts';
import { findShadows, listSpecFiles, refuseShadows } from './name-collisions.ts';

const catalog = mkdtempSync(join(tmpdir(), 'shadows-'));
afterAll(() => rmSync(catalog, { recursive: true, force: true }));

const zlib = makeNode({ name: 'zlib' });
/** An external with the hash of another node. */
const forged = makeNode({ name: 'zzz', external: true, hash: zlib.hash });

test('refuses an unverified external with the hash of a node in the catalog', () => {
  addFiles(catalog, [{ path: `specs/zlib/zlib-1.0-${zlib.hash}.spec.json`, content: `${zlib.text}\n` }]);
  const names = listSpecFiles(catalog);
  expect(() => refuseShadows([entry(forged)], names)).toThrow(/cache.*zzz@1\.0.*proves nothing.*specs\/zlib/);
  expect(() => refuseShadows([entry(zlib)], names)).not.toThrow();
});

test('refuses it with the hash of a node in another entry', () => {
  expect(() => refuseShadows([entry(forged), entry(zlib)], new Map())).toThrow(/zzz@1\.0.*zlib/);
  expect(() => refuseShadows([entry(forged)], new Map())).not.toThrow();
});

test('finds the files that a verified node replaces', () => {
  const names = new Map([[zlib.hash, 'specs/zzz/zzz-1.0.spec.json']]);
  expect(findShadows([entry(zlib)], names)).toEqual(['specs/zzz/zzz-1.0.spec.json']);
  expect(findShadows([entry(forged)], names)).toEqual([]);
  expect(findShadows([entry(zlib)], listSpecFiles(catalog))).toEqual([]);
});

test('overwrites a file only when told to, and removes the files it added when it fails', () => {
  const path = `specs/zlib/zlib-1.0-${zlib.hash}.spec.json`;
  expect(addFiles(catalog, [{ path, content: 'other' }])).toEqual([]);
  expect(addFiles(catalog, [{ path, content: 'other', replace: true }])).toEqual([path]);
  const failing = [
    { path: 'new/file', content: '' },
    { path: `${path}/below-a-file`, content: '' },
  ];
  expect(() => addFiles(catalog, failing)).toThrow('nothing was added');
  expect(existsSync(join(catalog, 'new'))).toBe(false);
  expect(readFileSync(join(catalog, path), 'utf8')).toBe('other');
});

function entry(dependency: MadeNode) {
  const root = makeNode({ name: 'app', dependencies: [dependency] });
  return { ...parseSpecFile(makeSpecFile([root, dependency])), where: 'cache/app' };
}
