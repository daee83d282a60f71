import { expect, test } from 'vitest';
import { earlierVersion } from './versions.ts';

test.each([
  ['1.14.6', 1, '1.14.5'],
  ['1.14.6', 7, '1.13.9'],
  ['2.0', 1, '1.9'],
  ['2025-08-12', 2, '2025-08-10'],
  ['1.08', 1, '1.07'],
  ['9.9p1', 1, '9.9p0'],
  ['0.22-6', 2, '0.22-4'],
  ['1', 5, '1'],
])('%s goes back %i releases to %s', (version, steps, expected) => {
  expect(earlierVersion(version, steps)).toBe(expected);
});
