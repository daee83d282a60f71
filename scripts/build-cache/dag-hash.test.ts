import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { splitObject } from '../../site/lib/spack/node-text.ts';
import { computeDagHash } from './spec-file.ts';

test.each(['x86_64_v3', 'neoverse_v1'])('recomputes every hash that Spack wrote for %s', (target) => {
  const lock = readFileSync(`tests/fixtures/real-nodes/${target}.lock.json`, 'utf8');
  const nodes = splitObject(splitObject(lock).get('concrete_specs') ?? '{}');
  expect(nodes.size).toBeGreaterThan(40);
  for (const [hash, text] of nodes) expect(computeDagHash(text)).toBe(hash);
});

test('sees any change of a node', () => {
  const node = '{"name":"tree","version":"2.1.0","hash":"x"}';
  expect(computeDagHash(node)).not.toBe(computeDagHash(node.replace('2.1.0', '2.1.1')));
});
