import { expect, test } from 'vitest';
import { drawOrder, takeSample, targetOfTheDay } from './choose.ts';

const NAMES = Array.from({ length: 40 }, (_, index) => `package-${index}`);

test('draws the same for a seed, whatever the order of the list', () => {
  expect(drawOrder([...NAMES].reverse(), '7')).toEqual(drawOrder(NAMES, '7'));
  expect(drawOrder(NAMES, '8')).not.toEqual(drawOrder(NAMES, '7'));
});

test('draws uniformly over what is left (chi-square, 39 classes less 10)', () => {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 2_000; seed += 1) {
    const { names } = takeSample(drawOrder(NAMES, String(seed)), 5, (name) =>
      Number(name.slice(8)) < 10 ? 'cached' : undefined,
    );
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const expected = (2_000 * 5) / 30;
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(counts.size).toBe(30);
  // The 99.9 % quantile with 29 degrees of freedom.
  expect(chiSquare).toBeLessThan(58.3);
});

test('says when the list has not enough, and why', () => {
  const sample = takeSample(['a', 'b', 'c', 'd'], 3, (name) =>
    name === 'a' ? 'excluded' : name === 'c' ? 'failed' : undefined,
  );
  expect(sample).toEqual({
    names: ['b', 'd'],
    passedOver: { excluded: ['a'], cached: [], failed: ['c'] },
    exhausted: true,
  });
});

test('asks for no more obstacles than it needs', () => {
  let asked = 0;
  takeSample(NAMES, 3, () => {
    asked += 1;
    return undefined;
  });
  expect(asked).toBe(3);
});

test('takes the targets in turn, one a day', () => {
  const day = (date: string) => targetOfTheDay(['a', 'b', 'c'], new Date(date));
  const days = [
    '2026-11-22T23:59:59Z',
    '2026-11-23T00:00:00Z',
    '2026-11-23T23:00:00Z',
    '2026-11-24T05:00:00Z',
  ].map(day);
  expect(days[1]).toBe(days[2]);
  expect(new Set([days[0], days[1], days[3]]).size).toBe(3);
});
