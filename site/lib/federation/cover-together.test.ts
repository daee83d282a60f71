import { expect, test } from 'vitest';
import { mulberry32 } from '../../../tests/generate/random.ts';
import { smallestMirrorSet, type Holder } from './cover-together.ts';

/** Tries every set of caches, smaller sets first, then those of earlier caches. */
function bruteForce(specs: readonly string[], holders: readonly Holder[]): string[] {
  const available = specs.filter((hash) => holders.some(({ has }) => has.has(hash)));
  const sets = Array.from({ length: 2 ** holders.length }, (_, bits) =>
    holders.map((_holder, at) => at).filter((at) => bits & (1 << at)),
  ).sort((a, b) => a.length - b.length || compare(a, b));
  const first = sets.find((set) => available.every((hash) => set.some((at) => holders[at]?.has.has(hash))));
  return (first ?? []).map((at) => holders[at]?.url ?? '');
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((place, index) => place !== b[index]);
  return (a[at] ?? 0) - (b[at] ?? 0);
}

test.each(Array.from({ length: 100 }, (_, seed) => seed))(
  'is the set that brute force finds (lock %i)',
  (seed) => {
    const random = mulberry32(seed);
    const specs = Array.from({ length: 1 + Math.floor(40 * random()) }, (_, at) => `spec-${at}`);
    const caches = 1 + Math.floor(9 * random());
    const share = 0.15 + 0.6 * random();
    const holders = Array.from({ length: caches }, (_, at) => ({
      url: `https://cache-${at}.example`,
      has: new Set(specs.filter(() => random() < share)),
    }));
    const chosen = smallestMirrorSet(specs, holders);
    expect(chosen.map(({ url }) => url).sort()).toEqual(bruteForce(specs, holders).sort());
    const available = new Set(holders.flatMap(({ has }) => [...has]));
    expect(chosen.reduce((sum, { adds }) => sum + adds, 0)).toBe(available.size);
    expect(chosen.every(({ adds }) => adds > 0)).toBe(true);
  },
);

test('is in the order of usefulness, without caches that are not needed', () => {
  const holders = [
    { url: 'few', has: new Set(['a']) },
    { url: 'none', has: new Set<string>() },
    { url: 'many', has: new Set(['b', 'c', 'd']) },
    { url: 'same', has: new Set(['b', 'c', 'd']) },
  ];
  expect(smallestMirrorSet(['a', 'b', 'c', 'd', 'nowhere'], holders)).toEqual([
    { url: 'many', adds: 3 },
    { url: 'few', adds: 1 },
  ]);
  expect(smallestMirrorSet([], holders)).toEqual([]);
  expect(smallestMirrorSet(['nowhere'], holders)).toEqual([]);
});

test('is found for twenty caches that each have unique builds', () => {
  const holders = Array.from({ length: 20 }, (_, at) => ({
    url: `${at}`,
    has: new Set(['shared', `own-${at}`]),
  }));
  const specs = [...new Set(holders.flatMap(({ has }) => [...has]))];
  expect(smallestMirrorSet(specs, holders)).toHaveLength(20);
});
