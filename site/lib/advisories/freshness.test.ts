import { expect, test } from 'vitest';
import type { OlderCause, RecipeComparison } from '../../schemas/checks/recipe-comparison.ts';
import type { CatalogBuild } from '../catalog/site-catalog.ts';
import { causeText, countFreshness, freshnessOf, freshnessText, olderText } from './freshness.ts';

const hash = (letter: string): string => letter.repeat(32);
const MARCH = { release: 'v2026.03.0', date: '2026-03-20T00:00:00Z' };
const JUNE = { release: 'v2026.06.0', date: '2026-06-20T00:00:00Z' };
const COMMIT = 'f'.repeat(40);
const ZLIB = { why: 'version', name: 'zlib', version: '1.2', newest: '1.3' } as const;
const comparison: RecipeComparison = {
  ...JUNE,
  commit: COMMIT,
  current: [hash('a')],
  noNewer: [hash('b'), hash('e')],
  older: [
    { ...ZLIB, hashes: [hash('c')], since: JUNE },
    { why: 'recipe', name: 'tree', version: '2.1', hashes: [hash('d')], since: MARCH },
  ],
};

/** A build solved with the recipes of a commit. */
function build(name: string, letter: string, packages = '0'.repeat(40)): CatalogBuild {
  return { build: { name, hash: hash(letter), origin: { packages } } } as CatalogBuild;
}

test('describes the freshness of each build in one sentence, including builds that were not compared', () => {
  const builds = [build('bzip2', 'a'), build('bzip2', 'b'), build('tree', 'c'), build('tree', 'd')];
  expect([...builds, build('tree', 'z')].map((one) => freshnessText(one, { comparison }))).toEqual([
    'Current with recipes v2026.06.0.',
    'Nothing newer in recipes v2026.06.0.',
    'Older than recipes v2026.06.0: zlib 1.3 is preferred.',
    'Older than recipes v2026.06.0: the recipe of tree changed.',
    'Not compared with newer recipes yet.',
  ]);
  expect(freshnessText(build('tree', 'c'), {})).toBe('Not compared with newer recipes yet.');
});

test('calls a build solved with these recipes current, unless one of its dependencies is older', () => {
  expect(freshnessOf(build('tree', 'z', COMMIT), { comparison }).state).toBe('current');
  expect(freshnessOf(build('tree', 'e', COMMIT), { comparison }).state).toBe('current');
  expect(freshnessOf(build('tree', 'c', COMMIT), { comparison })).toEqual({
    state: 'older',
    cause: ZLIB,
    since: JUNE,
  });
});

test('counts builds, and gives the date since which the first of them has been older', () => {
  const count = countFreshness(
    ['a', 'b', 'c', 'd', 'y', 'z'].map((letter) => build('tree', letter)),
    { comparison },
  );
  expect(count).toEqual({ builds: { unknown: 2, current: 1, 'no newer': 1, older: 2 }, since: MARCH });
  expect(olderText(count, { comparison })).toBe(
    '2 of 6 builds are older than recipes v2026.06.0, the first of them since 20 Mar 2026',
  );
  expect(countFreshness([build('tree', 'a')], { comparison }).since).toBeUndefined();
});

test.each<[Partial<OlderCause>, string, string]>([
  [{ why: 'recipe' }, 'the recipe of zlib changed', 'the recipe of zlib changed'],
  [{ why: 'recipe', newest: '1.3' }, 'version 1.3 is preferred', 'zlib 1.3 is preferred'],
  [{ why: 'deprecated', newest: '1.3' }, 'version 1.2 is deprecated', 'zlib 1.2 is deprecated'],
  [
    { why: 'version-removed' },
    'version 1.2 is no longer in the recipes',
    'zlib 1.2 is no longer in the recipes',
  ],
  [{ why: 'recipe-removed' }, 'the recipe of zlib no longer exists', 'the recipe of zlib no longer exists'],
])('names the cause %j', (cause, own, others) => {
  const whole: OlderCause = { why: 'version', name: 'zlib', version: '1.2', ...cause };
  expect([causeText(whole, 'zlib'), causeText(whole, 'tree')]).toEqual([own, others]);
});
