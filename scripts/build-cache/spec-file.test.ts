import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { makeNode, makeSpecFile } from '../../tests/world/spec-maker.ts';
import { splitObject } from '../../site/lib/spack/node-text.ts';
import { parseSpecFile } from './spec-file.ts';

const zlib = makeNode({ name: 'zlib' });
const libc = makeNode({ name: 'glibc', external: true });
const app = makeNode({ name: 'app', dependencies: [zlib, libc] });

test('returns the root first and the text of each node', () => {
  const { root, nodes, unverifiedExternals } = parseSpecFile(makeSpecFile([app, zlib, libc]));
  expect(root.node.name).toBe('app');
  expect(nodes.map(({ node, text }) => [node.hash, text])).toEqual(
    [app, zlib, libc].map(({ hash, text }) => [hash, text]),
  );
  expect(unverifiedExternals).toEqual([]);
});

test('returns the text of each node, however the file is formatted', () => {
  // Keys and escapes that JavaScript would write differently.
  const odd = makeNode({ name: 'odd', parameters: '{"b":"\\u00e9","1":"\\u002d","a":[]}' });
  for (const text of [makeSpecFile([odd]), makeSpecFile([zlib]).replaceAll(/[,:]/g, '$& ')]) {
    const { root } = parseSpecFile(text);
    expect([odd.text, zlib.text]).toContain(root.text);
  }
});

test.each(['x86_64_v3', 'neoverse_v1'])('accepts the DAGs of real nodes for %s', (target) => {
  const lock = readFileSync(`tests/fixtures/real-nodes/${target}.lock.json`, 'utf8');
  const texts = splitObject(splitObject(lock).get('concrete_specs') ?? '{}');
  let checked = 0;
  for (const hash of texts.keys()) {
    const specFile = specFileOf(hash, texts);
    if (texts.get(hash)?.includes('"external":')) {
      expect(() => parseSpecFile(specFile)).toThrow(/found the external/);
    } else {
      expect(parseSpecFile(specFile).root.node.hash).toBe(hash);
      checked += 1;
    }
  }
  expect(checked).toBeGreaterThan(30);
});

test('accepts externals that Spack 1.1 hashed before they had their namespace', () => {
  const gcc = makeNode({ name: 'gcc', external: true, unhashed: ['namespace'] });
  const root = makeNode({ name: 'app', dependencies: [gcc] });
  expect(parseSpecFile(makeSpecFile([root, gcc])).unverifiedExternals).toEqual([]);
});

test('marks externals whose hash cannot be recomputed', () => {
  const gcc = makeNode({ name: 'gcc', external: true, hash: 'a'.repeat(32) });
  const root = makeNode({ name: 'app', dependencies: [gcc] });
  const known = new Map();
  expect(parseSpecFile(makeSpecFile([root, gcc]), known).unverifiedExternals).toEqual([gcc.hash]);
  expect(parseSpecFile(makeSpecFile([root, gcc]), known).unverifiedExternals).toEqual([gcc.hash]);
});

test.each([
  ['"compiler":{"name":"gcc","version":"12"},', 'compiler'],
  ['"concrete":false,', 'concrete'],
])('refuses an external that nothing proves and that Spack would not write: %s', (extra, key) => {
  const gcc = makeNode({ name: 'gcc', external: true, hash: 'a'.repeat(32) });
  const hostile = { ...gcc, text: gcc.text.replace('"annotations"', `${extra}"annotations"`) };
  const root = makeNode({ name: 'app', dependencies: [gcc] });
  expect(() => parseSpecFile(makeSpecFile([root, hostile]))).toThrow(new RegExp(`nothing.*${key}`));
});

test('refuses a version that would break every reader of the index', () => {
  const gcc = makeNode({ name: 'gcc', external: true, hash: 'a'.repeat(32) });
  const hostile = { ...gcc, text: gcc.text.replace('"version":"1.0"', '"version":"; rm"') };
  const root = makeNode({ name: 'app', dependencies: [gcc] });
  expect(() => parseSpecFile(makeSpecFile([root, hostile]))).toThrow(/nothing.*"version"/);
});

test("accepts a spliced node, whose hash ends with its build spec's", () => {
  const built = makeNode({ name: 'app', dependencies: [zlib] });
  const other = makeNode({ name: 'zlib', dependencies: [libc] });
  const spliced = makeNode({ name: 'app', dependencies: [other], buildSpec: built });
  const { root, nodes } = parseSpecFile(makeSpecFile([spliced, other, libc, built, zlib]));
  expect(root.node.hash.slice(-7)).toBe(built.hash.slice(-7));
  expect(nodes).toHaveLength(5);
  expect(() => parseSpecFile(makeSpecFile([spliced, other, libc]))).toThrow(
    `expected the node app/${built.hash} that app/${spliced.hash} depends on, found none`,
  );
});

// For this, Spack 1.2.0.dev0 hashes the build spec again: two levels above a splice the result differs.
test('accepts a spliced node whose hash ends differently, but not one that was changed', () => {
  const built = makeNode({ name: 'app', dependencies: [zlib] });
  const other = makeNode({ name: 'zlib', dependencies: [libc] });
  const parts = { name: 'app', dependencies: [other], buildSpec: built };
  const hash = `${makeNode(parts).hash.slice(0, -7)}koaw2ef`;
  const spliced = makeNode({ ...parts, hash });
  expect(parseSpecFile(makeSpecFile([spliced, other, libc, built, zlib])).root.node.hash).toBe(hash);
  const forged = { ...spliced, text: spliced.text.replace('1.0', '1.1') };
  expect(() => parseSpecFile(makeSpecFile([forged, other, libc, built, zlib]))).toThrow(/expected the hash/);
  const renamed = { ...spliced, text: spliced.text.replace(built.hash, 'd'.repeat(32)) };
  expect(() => parseSpecFile(makeSpecFile([renamed, other, libc, built, zlib]))).toThrow(/expected the/);
});

test('reuses only nodes that it has seen', () => {
  const known = new Map();
  const first = parseSpecFile(makeSpecFile([app, zlib, libc]), known);
  const second = parseSpecFile(makeSpecFile([zlib]), known);
  expect(second.root).toBe(first.nodes.find(({ node }) => node.hash === zlib.hash));
  const forged = { ...zlib, text: zlib.text.replace('1.0', '1.1') };
  expect(() => parseSpecFile(makeSpecFile([forged]), known)).toThrow(/expected the hash/);
});

const old = makeNode({ name: 'old', specFileVersion: 4, hash: 'b'.repeat(32) });
const changed = { ...zlib, text: zlib.text.replace('"1.0"', '"1.0.1"') };
const looping = makeNode({ name: 'zlib', dependencies: [{ name: 'app', hash: 'c'.repeat(32), text: '' }] });
const loop = makeNode({ name: 'app', dependencies: [looping], hash: 'c'.repeat(32) });

test.each<[string, string, RegExp]>([
  [
    'a node whose hash is not its own',
    makeSpecFile([app, changed, libc]),
    /expected the hash \w{32} for zlib@"1\.0\.1", found \w{32}/,
  ],
  ['a root whose hash is not its own', makeSpecFile([changed]), /expected the hash/],
  [
    'a node of an old spec file',
    makeSpecFile([old]),
    /hash can be recomputed, found old\/b+ from a spec file of version 4/,
  ],
  [
    'a missing node',
    makeSpecFile([app, libc]),
    /expected the node zlib\/\w{32} that app\/\w{32} depends on, found none/,
  ],
  ['a cycle', makeSpecFile([loop, looping]), /expected a DAG without cycles, found app\/c+/],
  ['a node twice', makeSpecFile([app, zlib, libc, zlib]), /expected each node once, found zlib/],
  [
    'a node of another DAG',
    makeSpecFile([zlib, libc]),
    /expected only nodes that zlib\/\w{32} depends on, found glibc/,
  ],
  [
    'a dependency under another name',
    makeSpecFile([makeNode({ name: 'app', dependencies: [{ ...zlib, name: 'xz' }] }), zlib]),
    /expected xz\/\w{32} as app\/\w{32} names it, found zlib/,
  ],
  ['an external root', makeSpecFile([libc]), /found the external glibc/],
  ['another version', makeSpecFile([zlib], 6), /version 2 to 5, found version 6/],
  [
    'a later layout',
    makeSpecFile([zlib]).replace('"buildcache_layout_version":3', '"buildcache_layout_version":4'),
    /buildcache_layout_version/,
  ],
  ['no nodes', makeSpecFile([]), /spec\.nodes/],
  [
    'NaN, which Python reads',
    makeSpecFile([zlib]).replace('"cflags":[]', '"depth":NaN'),
    /expected a spec file in JSON/,
  ],
  [
    'a key twice, of which Python takes the last',
    makeSpecFile([zlib]).replace('"cflags":[]', '"cflags":[],"cflags":["-g"]'),
    /"cflags" twice/,
  ],
  ['what is no JSON', 'spec:\n', /expected a spec file in JSON, found text that is not \("spec:\\n"\)/],
  ['something else', '[]', /as Spack writes it/],
])('refuses %s', (_, text, message) => {
  expect(() => parseSpecFile(text)).toThrow(message);
});

test('refuses a DAG that is deeper than readers can walk', () => {
  const chain = [zlib];
  for (let depth = 0; depth < 400; depth += 1) {
    chain.unshift(makeNode({ name: `p${depth}`, dependencies: chain.slice(0, 1) }));
  }
  expect(parseSpecFile(makeSpecFile(chain.slice(-200))).nodes).toHaveLength(200);
  expect(() => parseSpecFile(makeSpecFile(chain))).toThrow(/at most 250 nodes deep/);
});

/** The spec file of one node of a lock file. */
function specFileOf(root: string, texts: Map<string, string>): string {
  const hashes = new Set([root]);
  for (const hash of hashes) {
    const { dependencies = [] } = JSON.parse(texts.get(hash) ?? '{}');
    for (const dependency of dependencies) hashes.add(dependency.hash);
  }
  return makeSpecFile([...hashes].map((hash) => ({ name: '', hash, text: texts.get(hash) ?? '' })));
}
