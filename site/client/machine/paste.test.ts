import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parsePaste } from './paste.ts';

const lock = readFileSync(
  new URL('../../../tests/fixtures/real-nodes/x86_64_v3.lock.json', import.meta.url),
  'utf8',
);

test('a spack.lock gives its roots and nodes', () => {
  const { roots, nodes } = parsePaste(lock);
  expect(roots.length).toBeGreaterThan(50);
  expect(roots.every((root) => nodes.has(root))).toBe(true);
});

test('the output of spack spec --json for several specs gives a root for each', () => {
  const [first, second] = [...parsePaste(lock).nodes.values()];
  const print = (node: unknown): string => JSON.stringify({ spec: { _meta: { version: 5 }, nodes: [node] } });
  expect(parsePaste(`${print(first)}\n${print(second)}\n`).roots).toEqual([first?.hash, second?.hash]);
});

test.each([
  ['{"a": 1}', 'neither a spack.lock'],
  [lock.slice(0, 5000), 'cut off'],
  ['hello', 'spack arch'],
  ['[]', 'neither a spack.lock'],
])('anything else is refused with a sentence: %.20s', (text, sentence) => {
  expect(() => parsePaste(text)).toThrow(sentence);
});
