import { expect, test } from 'vitest';
import { markVersions } from './query-filters.ts';

const VERSIONS = ['1.2', '1.10.7', '1.12.0', '1.14', '1.14.6', '1.140', '2.0', 'develop'];

test.each([
  ['1.14', ['1.14', '1.14.6']],
  ['=1.14', ['1.14']],
  ['1.12:1.14', ['1.12.0', '1.14', '1.14.6']],
  ['1.14:', ['1.14', '1.14.6', '1.140', '2.0', 'develop']],
  [':1.10', ['1.2', '1.10.7']],
  ['1.2,2.0', ['1.2', '2.0']],
  ['1.1', []],
  ['9', []],
  ['dev', []],
])('@%s selects %j', (constraint, expected) => {
  const marks = markVersions(VERSIONS, constraint);
  expect(VERSIONS.filter((_, place) => marks[place] === 1)).toEqual(expected);
});
