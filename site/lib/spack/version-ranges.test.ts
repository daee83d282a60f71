import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { isInRanges, parseVersionRanges } from './version-ranges.ts';

/** A version, the text after `@`, and whether Spack 1.2 says that it matches; null: Spack refuses it. */
const Recorded = z.array(z.tuple([z.string(), z.string(), z.boolean().nullable()]));

test('finds versions in ranges like Spack', () => {
  const recorded = Recorded.parse(JSON.parse(readFileSync('tests/fixtures/version-ranges.json', 'utf8')));
  const wrong = recorded.filter(([version, text, isIn]) => {
    const ranges = parseVersionRanges(text);
    return isIn === null ? ranges !== undefined : (ranges ? isInRanges(version, ranges) : false) !== isIn;
  });
  expect(wrong).toEqual([]);
  for (const answer of [true, false, null])
    expect(recorded.filter(([, , isIn]) => isIn === answer).length).toBeGreaterThan(20);
});

test.each([
  ['1-0', '=1.0', true],
  ['1.0', ':1.0rc1', false],
  ['1.0rc1', ':1.0', true],
  ['1.14', '1.14', true],
  ['1.140', '1.14', false],
  ['develop', '1.14:', true],
  ['git.main=1.14', '1.14', true],
  ['git.main=1.14', '=1.14', false],
  ['git.main=1.14', 'git.main=1.14', true],
])('%s in @%s: %s', (version, text, expected) => {
  expect(isInRanges(version, parseVersionRanges(text) ?? [])).toBe(expected);
});

test.each(['', '1:2:3', '3:1', '=1:2', '.1', '1.', 'git.main', 'a'.repeat(40), '1,', '1/0'])(
  '@%s is not a range',
  (text) => {
    expect(parseVersionRanges(text)).toBeUndefined();
  },
);
