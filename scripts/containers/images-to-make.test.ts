import { expect, test } from 'vitest';
import type { Container } from '../../site/schemas/container.ts';
import { Node } from '../../site/schemas/node.ts';
import { findMade, findWanted } from './images-to-make.ts';

const tree = node('tree', 'a');
const zlib = node('zlib', 'b');

test('wants one container of each root, or one of an environment', () => {
  expect(findWanted([tree, zlib], {}).map(({ tags }) => tags[0])).toEqual(['tree-1.0', 'zlib-1.0']);
  const [stack, ...none] = findWanted([tree, zlib], { environment: 'stack' });
  expect(none).toEqual([]);
  expect(stack).toMatchObject({ subject: 'env-stack', tags: ['env-stack'], roots: [tree, zlib] });
  expect(stack?.platform).toEqual({ os: 'linux', architecture: 'amd64' });
});

test('finds what is made: of a build any record, of an environment the newest of its platform', () => {
  const [wanted] = findWanted([tree], {});
  const [stack] = findWanted([tree, zlib], { environment: 'stack' });
  if (!wanted || !stack) throw new Error('nothing wanted');
  const old = record([tree], '2026-01-01T00:00:00Z');
  expect(findMade(wanted, [record([zlib], '2026-02-01T00:00:00Z'), old])).toBe(old);
  expect(findMade(wanted, [{ ...old, architecture: 'arm64' }])).toBeUndefined();

  const now = record([zlib, tree], '2026-02-01T00:00:00Z');
  expect(findMade(stack, [old, now])).toBe(now);
  // Its tag has moved on to another content, so it is made again.
  expect(findMade(stack, [now, record([tree], '2026-03-01T00:00:00Z')])).toBeUndefined();
});

function record(roots: Node[], published: string): Container {
  const digest = `sha256:${'0'.repeat(64)}`;
  const base = { name: 'ubuntu:24.04', digest };
  const hashes = roots.map(({ hash }) => hash);
  return {
    ...{ roots: hashes, os: 'linux', architecture: 'amd64', tags: ['t'], digest, size: 1 },
    ...{ base, published, origin: {} },
  };
}

function node(name: string, letter: string): Node {
  const arch = { platform: 'linux', platform_os: 'ubuntu24.04', target: 'x86_64_v3' };
  return Node.parse({ name, version: '1.0', arch, hash: letter.repeat(32) });
}
