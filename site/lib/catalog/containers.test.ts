import { expect, test } from 'vitest';
import type { Container } from '../../schemas/container.ts';
import { groupContainers } from './containers.ts';

const hash = (letter: string) => letter.repeat(32);

test('a tag belongs to the newest container of its architecture that names it', () => {
  const old = container({ roots: [hash('a')], published: '2026-11-01T00:00:00Z' });
  const arm = container({ roots: [hash('b')], architecture: 'arm64', published: '2026-11-02T00:00:00Z' });
  const young = container({ roots: [hash('c')], published: '2026-11-03T00:00:00Z' });
  const { all, atTag, byBuild } = groupContainers([old, young, arm]);
  expect(all).toEqual([young, arm, old]);
  expect(atTag.get('tree-latest linux/amd64')).toBe(young);
  expect(atTag.get('tree-latest linux/arm64')).toBe(arm);
  expect(byBuild.get(hash('a'))).toEqual([old]);
});

test("keeps environments' containers apart", () => {
  const stack = container({ environment: 'stack', roots: [hash('a'), hash('b')], tags: ['env-stack'] });
  const { byBuild, byEnvironment } = groupContainers([stack]);
  expect(byBuild.size).toBe(0);
  expect(byEnvironment.get('stack')).toEqual([stack]);
});

function container(some: Partial<Container>): Container {
  const digest = `sha256:${'0'.repeat(64)}`;
  return {
    roots: [hash('a')],
    os: 'linux',
    architecture: 'amd64',
    tags: ['tree-2.1.0', 'tree-latest'],
    digest,
    size: 1,
    base: { name: 'ubuntu:24.04', digest },
    published: '2026-11-01T00:00:00Z',
    origin: {},
    ...some,
  };
}
