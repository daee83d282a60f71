import { expect, test } from 'vitest';
import { takeFailures } from './site-bytes.ts';

const BUDGET = 900_000_000;

test('failures stay within their share of the budget, the newest first, no matter what jobs record', () => {
  // Twelve jobs, each with the maximum that it may record.
  const worst = Array.from({ length: 2_400 }, () => ({
    log: ['<'.repeat(1_000)].concat(Array(15).fill('&'.repeat(1_000))),
  }));
  const { count, bytes } = takeFailures(worst, BUDGET);
  expect(count).toBeGreaterThan(100);
  expect(count).toBeLessThan(worst.length);
  expect(bytes).toBeLessThanOrEqual(0.05 * BUDGET);
  // A page with such a log is about 112 kB.
  expect(bytes / count).toBeGreaterThan(112_000);
});

test('a usual number of failures all have a page', () => {
  const usual = Array.from({ length: 1_000 }, () => ({
    line: 'error: no such file',
    log: Array<string>(100).fill('make: *** [all] Error 2'),
  }));
  expect(takeFailures(usual, BUDGET).count).toBe(1_000);
  expect(takeFailures([], BUDGET)).toEqual({ count: 0, bytes: 0 });
});
