import { beforeAll, expect, test } from 'vitest';
import { computeDagHash } from '../../scripts/build-cache/spec-file.ts';
import { runtimeDependencies, targetOf } from '../../site/schemas/node.ts';
import { dagOf } from './dag.ts';
import { inventHistory, type History } from './history.ts';

const BUILDS = 1_500;
let history: History;

beforeAll(() => {
  history = inventHistory({ builds: BUILDS, seed: 1 });
});

test.each([1, 2, 50, 333])('invents exactly %i builds', (builds) => {
  expect(inventHistory({ builds, seed: 7 }).builds.size).toBe(builds);
});

test("every node's hash is that of its text", () => {
  for (const [hash, { node, text }] of history.nodes) {
    expect(node.hash).toBe(hash);
    expect(computeDagHash(text)).toBe(hash);
  }
});

test('every DAG is whole, and has one root', () => {
  for (const hash of history.builds.keys()) {
    const [root, ...others] = dagOf(history.nodes, hash);
    expect(root?.node.hash).toBe(hash);
    expect(others.every(({ node }) => node.hash !== hash)).toBe(true);
  }
});

test('edges have the names of their nodes, in the order of the names', () => {
  for (const { node } of history.nodes.values()) {
    const names = node.dependencies.map(({ name }) => name);
    expect(names).toEqual(node.dependencies.map(({ hash }) => history.nodes.get(hash)?.node.name));
    expect(names).toEqual([...names].sort());
  }
});

test('run-time dependencies of a build have an earlier binary, except externals', () => {
  const made = new Set<string>();
  for (const hash of history.builds.keys()) {
    for (const dependency of runtimeDependencies(history.nodes.get(hash)?.node ?? fail(hash))) {
      const isExternal = history.nodes.get(dependency.hash)?.node.external !== undefined;
      expect(isExternal || made.has(dependency.hash)).toBe(true);
    }
    made.add(hash);
  }
});

test('build dependencies may lack a binary', () => {
  const unbuilt = [...history.nodes.values()].filter(
    ({ node }) => !node.external && !history.builds.has(node.hash),
  );
  expect(unbuilt.length).toBeGreaterThan(0);
});

test('is as varied as a real cache', () => {
  const nodes = [...history.builds.keys()].map((hash) => history.nodes.get(hash)?.node ?? fail(hash));
  const count = (values: string[]) => new Set(values).size;
  expect(count(nodes.map(({ name }) => name))).toBeGreaterThan(300);
  expect(count(nodes.map(targetOf))).toBeGreaterThanOrEqual(7);
  expect(count(nodes.map(({ arch }) => arch.platform_os))).toBeGreaterThanOrEqual(6);
  expect(count(nodes.map(({ arch }) => arch.platform))).toBe(2);
  const compilers = [...history.nodes.values()].filter(({ node }) => /^(gcc|apple-clang)$/.test(node.name));
  expect(count(compilers.map(({ node }) => `${node.name}@${node.version}`))).toBeGreaterThanOrEqual(5);
  expect(
    count([...history.builds.values()].map(({ published }) => published.toISOString().slice(0, 7))),
  ).toBeGreaterThanOrEqual(10);
  expect(nodes.some(({ version }) => version.startsWith('git.'))).toBe(true);
});

test('another seed gives other builds', () => {
  const other = inventHistory({ builds: 100, seed: 2 });
  const same = [...other.builds.keys()].filter((hash) => history.builds.has(hash));
  expect(same.length).toBeLessThan(50);
});

function fail(hash: string): never {
  throw new Error(`no node ${hash}`);
}
