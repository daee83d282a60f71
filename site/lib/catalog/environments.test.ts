import { expect, test } from 'vitest';
import { Node } from '../../schemas/node.ts';
import { LockFile } from '../../schemas/lock-file.ts';
import { segmentsText } from '../spack/spec-text.ts';
import { describeRoots } from './environments.ts';

test('roots of one version are told apart: by machine, then by what differs', () => {
  const nodes = [
    makeNode('a', 'zen4', true),
    makeNode('b', 'x86_64_v3', true),
    makeNode('c', 'x86_64_v3', false),
  ];
  const lock = LockFile.parse({
    _meta: { 'lockfile-version': 6, 'specfile-version': 5 },
    roots: [...nodes, nodes[0]].map((node) => ({ hash: node?.hash, spec: 'hdf5' })),
    concrete_specs: Object.fromEntries(nodes.map((node) => [node.hash, node])),
  });
  const roots = describeRoots({ environment: { name: 'two', lock }, path: '/', failed: 0 });
  expect(roots.map(({ machine, differs }) => [machine, segmentsText(differs)])).toEqual([
    ['rocky9 zen4', ''],
    ['rocky9 x86_64_v3', '+mpi'],
    ['rocky9 x86_64_v3', '~mpi'],
    ['rocky9 zen4', ''],
  ]);
});

function makeNode(letter: string, target: string, mpi: boolean): Node {
  return Node.parse({
    name: 'hdf5',
    version: '1.14',
    hash: letter.repeat(32),
    arch: { platform: 'linux', platform_os: 'rocky9', target },
    namespace: 'builtin',
    package_hash: 'q'.repeat(52),
    parameters: { mpi },
  });
}
