import { expect, test } from 'vitest';
import { Node } from '../../schemas/node.ts';
import { closureOf, findDependents } from './dag.ts';

function makeNode(letter: string, dependencies: string): Node {
  return Node.parse({
    name: letter,
    version: '1',
    arch: { platform: 'linux', platform_os: 'debian12', target: 'zen4' },
    dependencies: [...dependencies].map((name) => ({
      name,
      hash: name.repeat(32),
      parameters: { deptypes: ['link'], virtuals: [] },
    })),
    hash: letter.repeat(32),
  });
}

const NODES = new Map(
  [makeNode('a', 'bc'), makeNode('b', 'd'), makeNode('c', 'dd'), makeNode('d', '')].map((node) => [
    node.hash,
    { node },
  ]),
);

test('finds a whole DAG without its root, each node once', () => {
  expect(closureOf('a'.repeat(32), NODES)).toEqual(['b', 'c', 'd'].map((letter) => letter.repeat(32)));
});

test('names a missing node of a DAG', () => {
  const nodes = new Map([...NODES].filter(([hash]) => !hash.startsWith('d')));
  expect(() => closureOf('a'.repeat(32), nodes)).toThrow(`the node /${'d'.repeat(32)}`);
});

test('lists each dependent once', () => {
  const dependents = findDependents(NODES.values());
  expect(dependents.get('d'.repeat(32))).toEqual(['b'.repeat(32), 'c'.repeat(32)]);
  expect(dependents.has('a'.repeat(32))).toBe(false);
});
