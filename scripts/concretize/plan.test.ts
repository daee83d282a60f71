import { expect, test } from 'vitest';
import type { LockFile } from '../../site/schemas/lock-file.ts';
import { Node } from '../../site/schemas/node.ts';
import { planBuild } from './plan.ts';

const hashOf = (name: string) => name.padEnd(32, 'a');

function lockOf(nodes: Record<string, Record<string, string[]>>, root: string, external: string[] = []) {
  const lock: Pick<LockFile, 'roots' | 'concrete_specs'> = {
    roots: [{ hash: hashOf(root), spec: root }],
    concrete_specs: {},
  };
  for (const [name, dependencies] of Object.entries(nodes)) {
    lock.concrete_specs[hashOf(name)] = Node.parse({
      name,
      version: '1',
      hash: hashOf(name),
      arch: { platform: 'linux', platform_os: 'ubuntu24.04', target: 'x86_64_v3' },
      ...(external.includes(name) ? { external: { path: '/usr' } } : {}),
      dependencies: Object.entries(dependencies).map(([dependency, deptypes]) => ({
        name: dependency,
        hash: hashOf(dependency),
        parameters: { deptypes },
      })),
    });
  }
  return lock;
}

const LOCK = lockOf(
  {
    app: { lib: ['link'], tool: ['build'], gcc: ['build'] },
    lib: { make: ['build'] },
    tool: {},
    make: {},
    gcc: { glibc: ['link'] },
    glibc: {},
  },
  'app',
  ['gcc', 'glibc'],
);

test('plans everything that is neither external nor cached', () => {
  expect(planBuild(LOCK, () => false)).toEqual({
    hashes: ['app', 'lib', 'make', 'tool'].map(hashOf),
    cached: [],
  });
});

test('does not plan build dependencies of cached nodes', () => {
  expect(planBuild(LOCK, (hash) => hash === hashOf('lib'))).toEqual({
    hashes: ['app', 'tool'].map(hashOf),
    cached: [hashOf('lib')],
  });
});

test('plans nothing when the roots are cached with their run-time dependencies', () => {
  const cached = ['app', 'lib'].map(hashOf);
  expect(planBuild(LOCK, (hash) => cached.includes(hash)).hashes).toEqual([]);
});

test('refuses a lock that lacks a node', () => {
  expect(() => planBuild(lockOf({ app: { lib: ['link'] } }, 'app'), () => false)).toThrow(
    `expected the node ${hashOf('lib')}`,
  );
});

test('plans the build spec of a spliced spec, from which its binary is made', () => {
  const hash = (letter: string) => letter.repeat(32);
  const arch = { platform: 'linux', platform_os: 'debian12', target: 'zen3' };
  const bare = { version: '1', arch, parameters: {}, dependencies: [] };
  const nodes = {
    [hash('a')]: { ...bare, name: 'app', hash: hash('a'), build_spec: { name: 'app', hash: hash('b') } },
    [hash('b')]: { ...bare, name: 'app', hash: hash('b') },
  };
  const lock = { roots: [{ hash: hash('a'), spec: 'app' }], concrete_specs: nodes };
  expect(planBuild(lock, () => false).hashes).toEqual([hash('a'), hash('b')]);
  expect(planBuild(lock, (one) => one === hash('a'))).toEqual({ hashes: [hash('b')], cached: [hash('a')] });
});
