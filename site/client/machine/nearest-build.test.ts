import { expect, test } from 'vitest';
import type { BuildSummary } from '../../schemas/api/package-document.ts';
import { Node } from '../../schemas/node.ts';
import { findNearest } from './nearest-build.ts';

const node = Node.parse({
  name: 'bzip2',
  version: '1.0.8',
  arch: { platform: 'linux', platform_os: 'debian12', target: 'x86_64_v4' },
  namespace: 'builtin',
  parameters: {},
  hash: 'a'.repeat(32),
});

function makeBuild(target: string, version = '1.0.8'): BuildSummary {
  return {
    hash: 'b'.repeat(32),
    version,
    platform: 'linux',
    os: 'debian12',
    target,
    compilers: [],
    variants: '',
    size: 1,
    published: '2026-11-23T07:40:00Z',
    state: 'site',
  };
}

test('prefers, among targets that the machine runs, its nearest relative', () => {
  const targets = ['x86_64', 'x86_64_v3', 'x86_64_v2', 'zen4'];
  expect(
    findNearest(
      node,
      [],
      targets.map((target) => makeBuild(target)),
    )?.target,
  ).toBe('x86_64_v3');
});

test('prefers the same version for an older target to another version for the same target', () => {
  const builds = [makeBuild('x86_64_v4', '1.0.6'), makeBuild('x86_64')];
  expect(findNearest(node, [], builds)?.version).toBe('1.0.8');
  expect(findNearest(node, [], [])).toBeUndefined();
});
