import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LockFile } from '../../schemas/lock-file.ts';
import { runtimeDependencies, targetOf, type Node } from '../../schemas/node.ts';
import { listTouched, measureCoverage, type KnownBuild, type KnownCache } from './coverage.ts';

const FILE = join(import.meta.dirname, '../../../tests/fixtures/real-nodes/x86_64_v3.lock.json');
const lock = LockFile.parse(JSON.parse(readFileSync(FILE, 'utf8')));
const nodes = new Map(Object.entries(lock.concrete_specs));
const UNTIMED = { buildSystem: '', seconds: undefined };
const EMPTY: KnownCache = { builds: [], failures: [] };

function nodeNamed(name: string): Node {
  const found = [...nodes.values()].find((node) => node.name === name);
  if (!found) throw new Error(`no ${name} in the lock file`);
  return found;
}

function known(node: Node, changes: Partial<KnownBuild> = {}): KnownBuild {
  const { hash, name, version } = node;
  return { hash, name, version, target: targetOf(node), size: 1000, ...UNTIMED, ...changes };
}

/** Builds of a node and its run-time dependencies. */
function runtimeBuilds(node: Node): KnownBuild[] {
  const found = new Set([node]);
  for (const { dependencies } of found) {
    for (const edge of runtimeDependencies({ ...node, dependencies })) {
      const dependency = nodes.get(edge.hash);
      if (dependency && !dependency.external) found.add(dependency);
    }
  }
  return [...found].map((each) => known(each));
}

test('an empty cache covers nothing, and has no failures', () => {
  const zlib = nodeNamed('zlib-ng');
  const { needed, available, percent, missing, externals } = measureCoverage([zlib.hash], nodes, EMPTY);
  expect({ available, percent }).toEqual({ available: 0, percent: 0 });
  expect(missing).toHaveLength(needed);
  expect(missing.every(({ reason }) => reason === 'never')).toBe(true);
  expect(externals).toBeGreaterThan(0);
});

test('estimates the time for missing specs from builds of the same package, and counts those without an estimate', () => {
  const zlib = nodeNamed('zlib-ng');
  const earlier = known(zlib, { hash: 'a'.repeat(32), seconds: 25, version: '1.0' });
  const { missing, time } = measureCoverage([zlib.hash], nodes, { builds: [earlier], failures: [] });
  expect(time).toEqual({ seconds: 25, byNeighbours: 0, unknown: missing.length - 1 });
  expect(measureCoverage([zlib.hash], nodes, EMPTY).time.unknown).toBe(missing.length);
});

test('build dependencies of a binary are not needed', () => {
  const curl = nodeNamed('curl');
  const builds = runtimeBuilds(curl);
  const coverage = measureCoverage([curl.hash], nodes, { builds, failures: [] });
  expect(coverage).toMatchObject({
    needed: builds.length,
    available: builds.length,
    percent: 100,
    downloadSize: 1000 * builds.length,
    missing: [],
  });
  const without = measureCoverage([curl.hash], nodes, { builds: builds.slice(1), failures: [] });
  expect(without.missing.map(({ name }) => name)).toContain('curl');
  expect(without.needed).toBeGreaterThan(coverage.needed);
});

test('each missing spec has its reason', () => {
  const node = nodeNamed('zlib-ng');
  const reasonWith = (cache: KnownCache) => {
    const { missing } = measureCoverage([node.hash], nodes, cache);
    return missing.find(({ hash }) => hash === node.hash);
  };
  const other = known(node, { hash: 'a'.repeat(32) });
  const failure = {
    name: node.name,
    spec: node.name,
    kind: 'compile' as const,
    date: '2026-11-01T00:00:00Z',
  };
  expect(reasonWith({ builds: [other], failures: [] })).toMatchObject({
    reason: 'other-build',
    instead: [other.hash],
  });
  expect(reasonWith({ builds: [{ ...other, target: 'm1' }], failures: [] })).toMatchObject({
    reason: 'other-target',
    instead: ['m1'],
  });
  expect(reasonWith({ builds: [{ ...other, version: '0.1' }], failures: [] })).toMatchObject({
    reason: 'other-version',
    instead: ['0.1'],
  });
  expect(reasonWith({ builds: [other], failures: [{ ...failure, hash: node.hash }] })).toMatchObject({
    reason: 'failed',
    failure: { kind: 'compile', date: failure.date },
  });
  expect(reasonWith({ builds: [], failures: [failure] })).toMatchObject({ reason: 'failed' });
  expect(reasonWith({ builds: [], failures: [{ ...failure, target: 'm1' }] })?.reason).toBe('never');
  expect(reasonWith({ builds: [], failures: [{ ...failure, hash: other.hash }] })?.reason).toBe('never');
});

test('100 percent means that nothing is missing', () => {
  const roots = lock.roots.map(({ hash }) => hash);
  const builds = [...nodes.values()].filter(({ external }) => !external).map((node) => known(node));
  expect(measureCoverage(roots, nodes, { builds, failures: [] }).percent).toBe(100);
  const { percent, missing } = measureCoverage(roots, nodes, {
    builds: builds.filter(({ hash }) => hash !== roots[0]),
    failures: [],
  });
  expect(missing).toHaveLength(1);
  expect(percent).toBeLessThan(100);
});

test('a lock file without one of its nodes is an error, not covered', () => {
  expect(() => measureCoverage(['a'.repeat(32)], nodes, EMPTY)).toThrow('a root; found none');
});

test('specs needed only to build a root with a binary neither count nor have to be present', () => {
  const root = nodeNamed('hdf5');
  const [only] = listTouched([root.hash], new Map([[root.hash, root]]), new Set([root.hash]), false);
  expect(only).toBe(root);
  const [built, source] = [new Set([root.hash]), new Set<string>()].map(
    (builds) => listTouched([root.hash], nodes, builds).length,
  );
  expect(built).toBeLessThan(source ?? 0);
  expect(() => listTouched([root.hash], new Map([[root.hash, root]]), new Set())).toThrow(/needed by hdf5/);
});
