import { expect, test } from 'vitest';
import type { LockFile } from '../../site/schemas/lock-file.ts';
import { Node } from '../../site/schemas/node.ts';
import { findBuiltOnSplices } from './solve.ts';

const hash = (letter: string) => letter.repeat(32);
const node = (letter: string, needs: string[], more = {}) =>
  Node.parse({
    name: letter,
    version: '1',
    arch: { platform: 'linux', platform_os: 'debian12', target: 'zen3' },
    dependencies: needs.map((name) => ({
      name,
      hash: hash(name),
      parameters: { deptypes: ['link'], virtuals: [] },
    })),
    ...more,
    hash: hash(letter),
  });
const WHOLE = node('s', ['n'], { build_spec: { name: 's', hash: hash('b') } });
const KNOWN = new Map([WHOLE, node('n', [])].map((one) => [one.hash, { node: one, text: '' }]));

function find(spliced: Node, planned: string[]): string[] {
  const nodes = [node('u', ['s']), spliced, node('n', []), node('o', ['n'])];
  const lock: Pick<LockFile, 'concrete_specs'> = {
    concrete_specs: Object.fromEntries(nodes.map((one) => [one.hash, one])),
  };
  return findBuiltOnSplices(lock, planned.map(hash), KNOWN);
}

test('refuses to build on a spliced package, whether Spack has forgotten what it was built as or not', () => {
  const sentence = expect.stringContaining(
    `built on a spliced package, found u on s/${hash('s')}: `,
  ) as string;
  expect(find(node('s', ['n']), ['u'])).toEqual([sentence]);
  expect(find(WHOLE, ['u'])).toEqual([sentence]);
});

test('lets what needs none be built, and what is spliced itself', () => {
  expect(find(node('s', ['n']), ['o'])).toEqual([]);
  expect(find(WHOLE, ['s', 'n', 'o'])).toEqual([]);
});
