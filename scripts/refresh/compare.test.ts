import { expect, test } from 'vitest';
import type { Build } from '../../site/schemas/build.ts';
import type { Node } from '../../site/schemas/node.ts';
import { compareWithRecipes, type RecipeState, type Verdict } from './compare.ts';
import { parseTrees } from './recipe-trees.ts';
import { planRefresh } from './refresh-plan.ts';

const h = (letter: string) => letter.repeat(32);
const node = (name: string, letter: string, needs: string[] = []): Node => ({
  name,
  version: '1.0',
  arch: { platform: 'linux', platform_os: 'debian12', target: 'x86_64' },
  parameters: {},
  package_hash: `p-${name}`,
  dependencies: needs.map((one) => ({
    name: 'x',
    hash: h(one),
    parameters: { deptypes: ['link' as const], virtuals: [] },
  })),
  hash: h(letter),
});
const state = (name: string, changes: Partial<RecipeState> = {}): RecipeState => ({
  state: 'known',
  package_hash: `p-${name}`,
  newest: '1.0',
  reason: '',
  shared: ['generic.py'],
  imports: [],
  ...changes,
});
const trees = (packages: Record<string, string>, generic = '1'.repeat(40)) =>
  parseTrees(
    Object.entries(packages)
      .map(([name, id]) => `040000 tree ${id.repeat(40)}\t${name}`)
      .join('\n'),
    `100644 blob ${generic}\tgeneric.py`,
  );
const OLD = trees({ base: '1', _7app: '2' });
const NODES = new Map([node('base', 'a'), node('7app', 'b', ['a'])].map((one) => [one.hash, one]));

function compare(states: RecipeState[], newTrees = OLD, sameSpack = true) {
  const [base, app] = states;
  const verdicts = compareWithRecipes([h('a'), h('b')], {
    nodes: NODES,
    states: new Map(
      [
        [h('a'), base],
        [h('b'), app],
      ].flatMap(([hash, one]) => (one ? [[hash as string, one as RecipeState] as const] : [])),
    ),
    oldTrees: () => OLD,
    newTrees,
    sameSpack: () => sameSpack,
    isRuntime: () => false,
  });
  return [verdicts.get(h('a')), verdicts.get(h('b'))].map((one) => one?.kind);
}
const SAME = [state('base'), state('7app')];

test('calls a build unchanged only when all recipes of its DAG have the same bytes and Spack is the same', () => {
  expect(compare(SAME)).toEqual(['unchanged', 'unchanged']);
  expect(compare(SAME, trees({ base: '3', _7app: '2' }))).toEqual(['unclear', 'unclear']);
  expect(compare(SAME, trees({ base: '1', _7app: '3' }))).toEqual(['unchanged', 'unclear']);
  expect(compare(SAME, trees({ base: '1', _7app: '2' }, '4'.repeat(40)))).toEqual(['unclear', 'unclear']);
  const importing = [state('base', { imports: ['_7app'] }), state('7app')];
  expect(compare(importing, trees({ base: '1', _7app: '3' }))).toEqual(['unclear', 'unclear']);
  expect(compare(SAME, OLD, false)).toEqual(['unclear', 'unclear']);
  expect(
    compareWithRecipes([h('c')], {
      nodes: NODES,
      states: new Map(),
      oldTrees: () => OLD,
      newTrees: OLD,
      sameSpack: () => true,
      isRuntime: () => false,
    }).get(h('c')),
  ).toMatchObject({ kind: 'unclear', isUnknown: true });
});

test('calls it different when its recipe, its newest version or anything below it changed', () => {
  expect(compare([state('base', { package_hash: 'other' }), state('7app')])).toEqual([
    'different',
    'different',
  ]);
  expect(compare([state('base'), state('7app', { newest: '1.1' })])).toEqual(['unchanged', 'different']);
  expect(compare([state('base'), state('7app', { package_hash: null })])).toEqual(['unchanged', 'different']);
});

test('blames a run-time dependency, not a build dependency or the runtime libraries of a compiler', () => {
  const built = node('app', 'c', ['a', 'b']);
  const [first, second] = built.dependencies;
  const edge = (one: typeof first, deptypes: ('build' | 'link')[]) =>
    one ? [{ ...one, parameters: { ...one.parameters, deptypes } }] : [];
  const changed = [state('base', { package_hash: 'other' }), state('7app', { newest: '2.0' }), state('app')];
  const causeOf = (types: ('build' | 'link')[], runtime = '') =>
    compareWithRecipes([h('c')], {
      nodes: new Map([
        ...[node('base', 'a'), node('7app', 'b')].map((one) => [one.hash, one] as const),
        [h('c'), { ...built, dependencies: [...edge(first, types), ...edge(second, ['build'])] }],
      ]),
      states: new Map(changed.map((one, index) => [h('abc'[index] ?? ''), one])),
      oldTrees: () => OLD,
      newTrees: OLD,
      sameSpack: () => true,
      isRuntime: (name) => name === runtime,
    }).get(h('c'));
  expect(causeOf(['link'])).toMatchObject({ kind: 'different', cause: { why: 'recipe', name: 'base' } });
  expect(causeOf(['link'], 'base')).toEqual({ kind: 'different', reason: expect.any(String) as string });
  expect(causeOf(['build'])).toEqual({ kind: 'different', reason: expect.any(String) as string });
});

test('calls a spliced build different when its build spec changed', () => {
  const spliced = { ...node('app', 'c'), build_spec: { name: 'app', hash: h('b') } };
  const verdicts = compareWithRecipes([h('c')], {
    nodes: new Map([...NODES, [h('c'), spliced]]),
    states: new Map([
      [h('a'), state('base', { package_hash: 'other' })],
      [h('b'), state('7app')],
      [h('c'), state('app')],
    ]),
    oldTrees: () => OLD,
    newTrees: OLD,
    sameSpack: () => true,
    isRuntime: () => false,
  });
  expect(verdicts.get(h('c'))?.kind).toBe('different');
});

test.each([
  ['deprecated', 'deprecated', 'deprecated', 'its version is deprecated: CVE-2026-1; the newest is 2.0'],
  ['no version', 'removed', 'version-removed', 'its version is no longer in the recipe; the newest is 2.0'],
  ['no recipe', 'removed', 'recipe-removed', 'its recipe no longer exists'],
] as const)('says with the reason that newer recipes have it as %s', (found, kind, why, reason) => {
  const verdicts = compareWithRecipes([h('a')], {
    nodes: NODES,
    states: new Map([[h('a'), state('base', { state: found, reason: 'CVE-2026-1', newest: '2.0' })]]),
    oldTrees: () => OLD,
    newTrees: OLD,
    sameSpack: () => true,
    isRuntime: () => false,
  });
  expect(verdicts.get(h('a'))).toEqual({
    kind,
    reason,
    cause: { why, name: 'base', version: '1.0', newest: '2.0' },
  });
});

test('renews roots of environments first, then pinned builds, then the most needed ones', () => {
  const letters = ['a', 'b', 'c', 'd'];
  const builds = new Map(
    letters.map((letter) => [
      h(letter),
      { name: letter, version: '1', hash: h(letter), tarball: { size: 10 } } as Build,
    ]),
  );
  const nodes = new Map(
    letters.map((letter) => [h(letter), node(letter, letter, letter === 'd' ? ['b'] : [])]),
  );
  const verdict = { kind: 'different' as const, reason: 'r' };
  const plan = planRefresh(
    new Map<string, Verdict>([
      ...letters.map((letter) => [h(letter), verdict] as const),
      [h('a'), { kind: 'unchanged', reason: '' }],
    ]),
    {
      builds,
      nodes,
      environments: new Set([h('d')]),
      pinned: new Set([h('c')]),
    },
  );
  expect(plan.renew.map(({ name, rank }) => [name, rank])).toEqual([
    ['d', 'environment'],
    ['c', 'pinned'],
    ['b', 'needed'],
  ]);
  expect(plan).toMatchObject({ bytes: 30, counts: { unchanged: 1, different: 3 } });
});
