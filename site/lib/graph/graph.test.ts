import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { GraphPart } from '../../schemas/graph.ts';
import { LockFile } from '../../schemas/lock-file.ts';
import { describeGraphs, readGraph } from './graph.ts';
import { readEdges, useNames } from './edges.ts';
import { layoutGraph, reduceEdges } from '../../client/graph/layout.ts';

const lock = LockFile.parse(
  JSON.parse(readFileSync('tests/fixtures/real-nodes/x86_64_v3.lock.json', 'utf8')),
);
const nodes = new Map(Object.entries(lock.concrete_specs).map(([hash, node]) => [hash, { node }]));
const [root = ''] = [...nodes].flatMap(([hash, { node }]) => (node.name === 'bcftools' ? [hash] : []));
const parts = describeGraphs({ nodes, builds: new Map([[root, true]]) });
const graph = (await readGraph(root, async (part) => parts[part])) ?? expect.fail('no graph of the root');

test('describes a real DAG of 101 nodes, the build itself first', () => {
  for (const part of parts) expect(GraphPart.parse(part)).toEqual(part);
  expect(graph.names).toHaveLength(101);
  expect(graph.names[0]).toBe('bcftools');
  expect(graph.sources.charAt(0)).toBe('h');
  expect(graph.sources.charAt(graph.names.indexOf('glibc'))).toBe('e');
  expect(graph.sources.charAt(graph.names.indexOf('python'))).toBe('n');
  for (const [place, edges] of readEdges(graph, false).entries()) {
    const hashes = nodes.get(graph.hashes[place] ?? '')?.node.dependencies.map(({ hash }) => hash);
    expect(edges.map(({ to }) => graph.hashes[to] ?? '').sort()).toEqual([...new Set(hashes)].sort());
  }
});

test('follows only run-time dependencies on request', () => {
  const reached = new Set(readEdges(graph, true).flatMap((edges) => edges.map(({ to }) => to)));
  const names = [...reached].map((place) => graph.names[place]);
  expect(names).toContain('htslib');
  expect(names).not.toContain('cmake');
  expect(useNames(1 | 4)).toEqual(['run', 'build']);
});

test('leaves out edges that follow from others without making anything unreachable', () => {
  expect(reduceEdges([[1, 2, 3], [2], [3], []])).toEqual([[1], [2], [3], []]);
  const { nodes: boxes, edges } = layoutGraph(graph, false);
  expect(boxes).toHaveLength(101);
  expect(new Set(edges.map(({ to }) => to)).size).toBe(100);
  expect(edges.length).toBeLessThan(250);
  const at = new Map(boxes.map((box) => [box.place, box]));
  expect(edges.every(({ from, to }) => (at.get(from)?.x ?? 0) < (at.get(to)?.x ?? 0))).toBe(true);
});
