import { expect, test } from 'vitest';
import { Node } from '../../schemas/node.ts';
import { tellApart } from './build-differences.ts';
import { segmentsText } from '../spack/spec-text.ts';

const [oldZlib, newZlib] = [makeNode('zlib', 'a', {}), makeNode('zlib', 'b', { version: '1.1' })];
const [ssl, sameSsl] = [makeNode('openssl', 'c', {}), makeNode('openssl', 'd', {})];

test('if variants distinguish builds, nothing else is shown', () => {
  expect(
    differencesOf([
      ['e', { parameters: { mpi: true, hl: false } }],
      ['f', { parameters: { mpi: false, hl: false } }],
    ]),
  ).toEqual(['+mpi', '~mpi']);
});

test('builds with identical rows are distinguished by dependencies, by version or by hash', () => {
  const on = (...nodes: Node[]): object => ({
    dependencies: nodes.map(({ name, hash }) => ({ name, hash, parameters: { deptypes: ['link'] } })),
  });
  expect(
    differencesOf([
      ['e', on(oldZlib, ssl)],
      ['f', on(newZlib, sameSsl)],
    ]),
  ).toEqual([' ^openssl/ccccccc ^zlib@1.0', ' ^openssl/ddddddd ^zlib@1.1']);
  expect(
    differencesOf([
      ['e', on(oldZlib)],
      ['f', on()],
    ]),
  ).toEqual([' ^zlib@1.0', ' no zlib']);
});

test('builds of different recipes are marked so; compiler flags count, too', () => {
  expect(
    differencesOf([
      ['e', { package_hash: 'q'.repeat(52) }],
      ['f', { package_hash: 'r'.repeat(52) }],
    ]),
  ).toEqual([' recipe qqqqqqq', ' recipe rrrrrrr']);
  expect(
    differencesOf([
      ['e', { parameters: { cflags: ['-O3'] } }],
      ['f', {}],
    ]),
  ).toEqual([' cflags=-O3 ', '']);
});

test('among many builds, a row shows only deviations from the most common values', () => {
  const usual = { parameters: { mpi: true, hl: false, api: 'v1', shared: true } };
  const others = [...'abcdefgh'].map((letter) => makeNode('hdf5', letter, usual));
  const nodes = [
    ...others,
    makeNode('hdf5', 'i', { parameters: { mpi: false, hl: false, api: 'v2', shared: true } }),
    makeNode('hdf5', 'j', { parameters: { mpi: true, api: 'v1', shared: true } }),
  ];
  const told = tellApart(nodes, new Map());
  expect(segmentsText(told.common)).toBe('+shared');
  expect(segmentsText(told.usual)).toBe('~hl+mpi api=v1');
  expect(told.own.slice(-2).map(segmentsText)).toEqual(['~mpi api=v2', ' no hl']);
  expect(told.own[0]).toEqual([]);
});

function differencesOf(builds: [letter: string, more: object][]): string[] {
  const nodes = builds.map(([letter, more]) => makeNode('curl', letter, more));
  const known = new Map([oldZlib, newZlib, ssl, sameSsl, ...nodes].map((node) => [node.hash, { node }]));
  return tellApart(nodes, known).own.map(segmentsText);
}

function makeNode(name: string, letter: string, more: object): Node {
  return Node.parse({
    name,
    version: '1.0',
    arch: { platform: 'linux', platform_os: 'debian12', target: 'x86_64' },
    hash: letter.repeat(32),
    ...more,
  });
}
