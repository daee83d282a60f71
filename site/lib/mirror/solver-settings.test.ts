import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Node } from '../../schemas/node.ts';
import { listSettings } from './consumer-settings.ts';
import { createSolverFacts } from './solver-settings.ts';

const h = (letter: string) => letter.repeat(32);
const node = (
  letter: string,
  target: string,
  compiler?: [string, string[]],
  needs: string[] = [],
): [string, { node: Node; text: string }] => [
  h(letter),
  {
    node: {
      name: letter,
      version: '14.2.0',
      arch: { platform: 'linux', platform_os: 'debian12', target },
      parameters: {},
      package_hash: 'x',
      hash: h(letter),
      dependencies: [...(compiler ? [compiler] : []), ...needs.map((name) => [name, []] as const)].map(
        ([name, virtuals]) => ({
          name,
          hash: h(name),
          parameters: { deptypes: ['build' as const], virtuals: [...virtuals] },
        }),
      ),
    },
    text: '',
  },
];
// g: a compiler that the cache has built; s: the system's compiler.
const nodes = new Map([
  node('a', 'x86_64_v3', ['g', ['c', 'cxx']]),
  node('b', 'x86_64_v3', ['g', ['c']]),
  node('d', 'x86_64', ['s', ['c', 'cxx']]),
  node('e', 'aarch64', ['s', ['cxx']]),
  node('g', 'x86_64_v3', ['s', ['c', 'cxx']]),
  node('s', 'x86_64'),
  node('t', 'zen2'),
]);
const factsOf = createSolverFacts(nodes, new Set(['a', 'b', 'd', 'e', 'g', 't'].map(h)));

test('prefers the target of most builds in each family, and compilers that the cache has binaries of', () => {
  expect(factsOf(['a', 'b', 'd', 'e', 't'].map(h))).toEqual({
    targets: ['aarch64', 'x86_64_v3'],
    compilers: new Map([['c', 'g@14.2.0']]),
    systemCompilers: ['s@14.2.0'],
  });
  expect(factsOf([])).toEqual({ targets: [], compilers: new Map(), systemCompilers: [] });
});

test('does not count what a compiler of the cache is made of', () => {
  // g and t, which g needs, are made with the system's compiler, one program with g.
  const made = new Map([
    ...nodes,
    node('t', 'x86_64_v3', ['s', ['c']]),
    node('g', 'x86_64_v3', ['s', ['c', 'cxx']], ['t']),
  ]);
  const { compilers, systemCompilers } = createSolverFacts(
    made,
    new Set(['a', 'g', 't'].map(h)),
  )(['a', 'g', 't'].map(h));
  expect(Object.fromEntries(compilers)).toEqual({ c: 'g@14.2.0', cxx: 'g@14.2.0' });
  expect(systemCompilers).toEqual([]);
});

test('writes them next to the mirror: for everything and environments for every Spack, for views for 1.2', () => {
  const endpoints = { name: 'no', url: 'https://owner.example/no', signed: true, registries: [] };
  const facts = new Map([
    ['all', factsOf(['a', 'b', 'e'].map(h))],
    ['env-stack', factsOf([])],
  ]);
  const files = listSettings(endpoints, ['all', 'env-stack'], facts).filter(({ isForSolver }) => isForSolver);
  expect(files.map(({ path, spack, view }) => [path, spack, view])).toEqual([
    ['mirrors/solver', '1.0', undefined],
    ['mirrors/solver-view-all', '1.2', 'all'],
    ['mirrors/solver-env-stack', '1.0', undefined],
    ['mirrors/solver-view-env-stack', '1.2', 'env-stack'],
  ]);
  const reuse = { reuse: { from: [{ type: 'buildcache' }, { type: 'local' }] } };
  const mirror = { url: endpoints.url, binary: true, source: false, signed: true };
  expect(parse(files[0]?.text ?? '')).toEqual({
    mirrors: { no: mirror },
    packages: { all: { prefer: ['target=aarch64', 'target=x86_64_v3', '%c=g@14.2.0'] } },
    concretizer: reuse,
  });
  expect(files[0]?.text).toContain('s@14.2.0');
  expect(parse(files[3]?.text ?? '')).toEqual({
    mirrors: { no: { ...mirror, view: 'env-stack' } },
    concretizer: reuse,
  });
});
