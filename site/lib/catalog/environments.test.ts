import { expect, test } from 'vitest';
import { Node } from '../../schemas/node.ts';
import { LockFile } from '../../schemas/lock-file.ts';
import { segmentsText } from '../spack/spec-text.ts';
import { inventSiteCatalog } from '../../../tests/browser/search-data.ts';
import type { CatalogBuild, CatalogEnvironment } from './site-catalog.ts';
import { shapeHistory } from './shape-history.ts';
import { describeEnvironmentState, describeRoots, environmentNotes } from './environments.ts';

test('roots of one version are distinguished by machine, then by their differences', () => {
  const nodes = [
    makeNode('a', 'zen4', true),
    makeNode('b', 'x86_64_v3', true),
    makeNode('c', 'x86_64_v3', false),
  ];
  const lock = LockFile.parse({
    _meta: { 'lockfile-version': 6, 'specfile-version': 5 },
    roots: [...nodes, nodes[0]].map((node) => ({ hash: node?.hash, spec: 'hdf5' })),
    concrete_specs: Object.fromEntries(nodes.map((node) => [node.hash, node])),
  });
  const roots = describeRoots({ environment: { name: 'two', lock } });
  expect(roots.map(({ machine, differs }) => [machine, segmentsText(differs)])).toEqual([
    ['rocky9 zen4', ''],
    ['rocky9 x86_64_v3', '+mpi'],
    ['rocky9 x86_64_v3', '~mpi'],
    ['rocky9 zen4', ''],
  ]);
});

test('shows how many roots are older, and how much of a newer solution is not built yet', () => {
  const [old, kept, fresh] = ['a', 'b', 'c'].map((letter) => makeNode(letter, 'zen4', true));
  if (!old || !kept || !fresh) throw new Error('expected three nodes');
  const lockOf = (...nodes: Node[]): LockFile =>
    LockFile.parse({
      _meta: { 'lockfile-version': 6, 'specfile-version': 5 },
      roots: nodes.map(({ hash }) => ({ hash, spec: 'hdf5' })),
      concrete_specs: Object.fromEntries(nodes.map((node) => [node.hash, node])),
    });
  const june = { release: 'v2026.06.0', date: '2026-06-20T00:00:00Z' };
  const cause = { why: 'recipe' as const, name: 'hdf5', version: '1.14' };
  const catalog = {
    ...inventSiteCatalog(1),
    builds: new Map([old, kept].map((node) => [node.hash, buildOf(node)])),
    comparison: {
      ...june,
      commit: 'f'.repeat(40),
      current: [],
      noNewer: [kept.hash],
      older: [{ ...cause, hashes: [old.hash], since: june }],
    },
  };
  const notes = (environment: Omit<CatalogEnvironment, 'name'>): string[] =>
    environmentNotes(describeEnvironmentState({ name: 'two', ...environment }, catalog), catalog);
  expect(notes({ lock: lockOf(old, kept), next: lockOf(fresh, kept), release: 'v2026.06.0' })).toEqual([
    '1 of 2 roots is older than recipes v2026.06.0 since 20 Jun 2026.',
    'A newer solution with recipes v2026.06.0 waits for 1 of 2 specs to be built.',
  ]);
  expect(notes({ lock: lockOf(kept) })).toEqual(['Nothing newer in recipes v2026.06.0.']);
  expect(notes({ lock: lockOf(fresh) })).toEqual([]);
});

function buildOf(node: Node): CatalogBuild {
  const { name, version, hash } = node;
  return { node, build: { name, version, hash, tarball: { size: 1 }, origin: {} } } as CatalogBuild;
}

function makeNode(letter: string, target: string, mpi: boolean): Node {
  return Node.parse({
    name: 'hdf5',
    version: '1.14',
    hash: letter.repeat(32),
    arch: { platform: 'linux', platform_os: 'rocky9', target },
    namespace: 'builtin',
    package_hash: 'q'.repeat(52),
    parameters: { mpi },
  });
}

test('ignores files whose names cannot be the address of an environment', () => {
  const body = 'spack: {specs: [zlib]}';
  const environments = ['good', 'folder/spack', 'my.stack v1'].map((id) => ({ id, body }));
  const none = { failures: [], solved: [], stats: [], removed: [] };
  const history = shapeHistory({ ...none, environments }, new Map(), 1_000_000);
  expect(history.environments.map(({ name }) => name)).toEqual(['good']);
});
