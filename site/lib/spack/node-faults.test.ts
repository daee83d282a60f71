import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { mutateNodes, realNodes } from '../../../tests/world/node-mutations.ts';
import { judge } from '../../../tests/world/own-verdict.ts';
import { Node } from '../../schemas/node.ts';
import { findNodeFault, findUnreadable } from './node-faults.ts';

const Recorded = z.object({ seed: z.number(), verdicts: z.record(z.string(), z.string()) });
const faultOf = (node: string) => findNodeFault({ text: node });
const text = realNodes().find((one) => one.includes('"name":"zlib-ng"')) ?? '';

test('accepts every node of real locks', () => {
  expect(realNodes().map(faultOf).filter(Boolean)).toEqual([]);
});

test('agrees with the recorded verdicts of real Spacks on mutated nodes', () => {
  const { seed, verdicts } = Recorded.parse(
    JSON.parse(readFileSync('tests/fixtures/node-verdicts.json', 'utf8')),
  );
  const versions = Object.values(verdicts);
  const count = versions[0]?.length ?? 0;
  expect(count).toBe(200);
  const surprises = mutateNodes(count, seed).flatMap((node, at) => {
    const { fault, isNarrower } = judge(node.text);
    const isRead = versions.every((verdict) => verdict[at] === 'y');
    const agrees = isRead ? fault === undefined || isNarrower : fault !== undefined;
    return agrees ? [] : [`${node.mutation}: ${fault ?? 'accepted'}`];
  });
  expect(surprises).toEqual([]);
});

test.each([
  ['a version with a slash', { version: '1/0' }, /"version": expected a version/],
  ['a version with a space', { version: '1.0 beta' }, /"version"/],
  ['a version of two lines', { version: '1.0\n2' }, /"version"/],
  ['a version that is a command', { version: '$(touch x)' }, /"version"/],
  ['a version of full-width digits', { version: '\u{ff11}.0' }, /"version"/],
  ['a git version that Spack clones', { version: 'git.main' }, /no look into a git repository/],
  ['a commit as version', { version: 'a1'.repeat(20) }, /no look into a git repository/],
  ['annotations of another shape', { annotations: {} }, /"annotations.original_specfile_version"/],
  ['a node that is not concrete', { concrete: false }, /"concrete"/],
  ['flags that are a text', { parameters: { cflags: '-O2' } }, /"parameters.cflags": expected a list/],
  ['a variant that is null', { parameters: { shared: null } }, /"parameters.shared"/],
  ['a variant that is any', { parameters: { shared: '*' } }, /"parameters.shared"/],
  [
    'a target without a name',
    { arch: { platform: 'linux', platform_os: 'a', target: {} } },
    /"arch.target.name"/,
  ],
  ['half of a character', { namespace: '\ud800' }, /"namespace"/],
  ['a mark that turns text around, anywhere', { more: { deep: ['\u202e'] } }, /bidirectional/],
  [
    'a compiler without a version',
    { annotations: { original_specfile_version: 5, compiler: 'gcc@...' } },
    /compiler/,
  ],
  [
    'a system that Spack treats as absent',
    { arch: { platform: 'linux', platform_os: 'None', target: 'x86_64' } },
    /"arch.platform_os"/,
  ],
  [
    'a platform that Spack treats as absent',
    { arch: { platform: 'None', platform_os: 'debian12', target: 'x86_64' } },
    /"arch.platform"/,
  ],
  [
    'an edge whose `direct` is a text',
    {
      dependencies: [
        {
          name: 'gmake',
          hash: 'a'.repeat(32),
          parameters: { deptypes: ['build'], virtuals: [], direct: 'true' },
        },
      ],
    },
    /"dependencies.0.parameters.direct"/,
  ],
  [
    'a compiler whose version Python cannot parse',
    { annotations: { original_specfile_version: 5, compiler: `gcc@${'1'.repeat(4400)}` } },
    /compiler.*at most 200 characters/,
  ],
  [
    'a variant that JavaScript treats as a prototype',
    { parameters: JSON.parse('{"__proto__":["x",["y"]]}') },
    /the key "__proto__"/,
  ],
  [
    'a key of that name next to text that is not plain',
    { more: ['é', JSON.parse('{"__proto__":{"a":1}}')] },
    /the key "__proto__"/,
  ],
])('refuses %s', (_, change, message) => {
  expect(faultOf(JSON.stringify({ ...JSON.parse(text), ...change }))).toMatch(message);
});

test('rejects numbers and nesting that Python cannot read', () => {
  const withText = (value: string) => text.replace('"namespace"', `"more":${value},"namespace"`);
  expect(faultOf(withText('9'.repeat(5_000)))).toMatch(/more than 100 digits/);
  expect(faultOf(withText('['.repeat(3_000) + ']'.repeat(3_000)))).toMatch(/deeper than 100/);
});

test('accepts names of 128 characters, and versions of git references that Spack need not look up', () => {
  const change = { name: 'p'.repeat(128), version: 'git.main=1.0' };
  expect(faultOf(JSON.stringify({ ...JSON.parse(text), ...change }))).toBeUndefined();
});

test('names a faulty node and all that depend on it, and keeps the others', () => {
  const node = (name: string, hash: string, dependencies: [string, string][] = [], more = {}) => {
    const value = {
      name,
      version: '1.0',
      arch: { platform: 'linux', platform_os: 'debian12', target: 'x86_64' },
      dependencies: dependencies.map(([to, at]) => ({
        name: to,
        hash: at.repeat(32),
        parameters: { deptypes: ['link'], virtuals: [] },
      })),
      hash: hash.repeat(32),
      ...more,
    };
    return [value.hash, { node: Node.parse(value), text: JSON.stringify(value) }] as const;
  };
  const nodes = new Map([
    node('app', 'a', [['bad', 'b']]),
    node('bad', 'b', [], { version: '1/0' }),
    node('good', 'c', [['leaf', 'd']]),
    node('leaf', 'd'),
    node('lost', 'e', [['gone', 'f']]),
    node('circle', 'g', [['ring', 'h']]),
    node('ring', 'h', [['circle', 'g']]),
  ]);
  const found = [...findUnreadable(nodes).values()].map(({ node: { name }, reason }) => `${name}: ${reason}`);
  expect(found.sort()).toEqual([
    expect.stringMatching(/^app: it depends on bad\/b+, which is left out/),
    expect.stringMatching(/^bad: .*"version"/),
    expect.stringMatching(/^circle: it depends on ring/),
    expect.stringMatching(/^lost: it depends on gone\/f+, whose file is missing/),
    expect.stringMatching(/^ring: it depends on circle\/g+, which depends on it/),
  ]);
});
