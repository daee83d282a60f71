import { expect, test } from 'vitest';
import type { Change } from './changes.ts';
import { chunkChanges, describeChanges } from './commit-files.ts';

function add(path: string, size = 3): Change {
  return { path, content: Buffer.alloc(size), oid: path };
}

function remove(path: string): Change {
  return { path, base: 'x' };
}

const NAMES = ['a', 'b', 'c'];

test('splits changes so that the catalog is consistent after each commit', () => {
  const changes = [
    remove('specs/z/z.spec.json'),
    remove('builds/z/z.json'),
    remove('manifests/z/z.spec.manifest.json'),
    ...NAMES.map((name) => add(`builds/${name}/${name}.json`)),
    ...NAMES.map((name) => add(`manifests/${name}/${name}.spec.manifest.json`)),
    ...NAMES.map((name) => add(`specs/${name}/${name}.spec.json`)),
  ];
  const chunks = chunkChanges(changes, { maxFiles: 2 }).map((chunk) => chunk.map(({ path }) => path));
  expect(chunks).toEqual([
    ['specs/a/a.spec.json', 'specs/b/b.spec.json'],
    ['specs/c/c.spec.json'],
    ['builds/a/a.json', 'manifests/a/a.spec.manifest.json'],
    ['builds/b/b.json', 'manifests/b/b.spec.manifest.json'],
    ['builds/c/c.json', 'manifests/c/c.spec.manifest.json'],
    ['builds/z/z.json', 'manifests/z/z.spec.manifest.json'],
    ['specs/z/z.spec.json'],
  ]);
});

test('changes the owner of a catalog last', () => {
  const changes = [
    { ...add('cache.json'), base: 'x' },
    remove('builds/z/z.json'),
    remove('specs/z/z.spec.json'),
    add('builds/a/a.json'),
  ];
  const order = (all: Change[]) =>
    chunkChanges(all, { maxFiles: 1 }).map((chunk) => chunk.map(({ path }) => path).join());
  expect(order(changes)).toEqual(['builds/a/a.json', 'builds/z/z.json', 'specs/z/z.spec.json', 'cache.json']);
  expect(order([remove('cache.json'), remove('specs/z/z.spec.json')]).at(-1)).toBe('cache.json');
  expect(order([add('cache.json'), add('builds/a/a.json')]).at(0)).toBe('cache.json');
});

test('keeps each commit below the size limit, unless one file alone exceeds it', () => {
  const changes = [add('specs/a', 300), add('specs/b', 600), add('specs/c', 90), add('specs/d', 90)];
  const chunks = chunkChanges(changes, { maxBytes: 500 });
  expect(chunks.map((chunk) => chunk.length)).toEqual([1, 1, 2]);
});

test('describes a commit in one line', () => {
  const hash = 'a'.repeat(32);
  const builds = ['zlib-1', 'zlib-2', 'tree-2', 'lz4-1'].map((stem) =>
    add(`site/content/builds/x/${stem}-${hash}.json`),
  );
  expect(describeChanges([...builds, add('site/content/failures/y/1.json')], 'https://x/1')).toEqual({
    headline: 'Add 4 builds (zlib-1, zlib-2, tree-2 …), record 1 failure',
    body: 'Built by https://x/1',
  });
  expect(describeChanges([remove('site/content/builds/x/y.json')], undefined).headline).toBe(
    'Remove 1 build',
  );
  expect(describeChanges([add('site/content/cache.json')], undefined).headline).toBe(
    'Update 1 file of the catalog',
  );
});
