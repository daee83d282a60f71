import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Failure } from '../../schemas/failure.ts';
import { parseAdvice } from './failures.ts';

const guide = readFileSync('site/pages/guide/failures.md', 'utf8');

test('the guide explains what happened and what to do for every kind of failure', () => {
  const advice = parseAdvice(guide);
  expect([...advice.keys()]).toEqual(Failure.shape.kind.options);
  expect(advice.get('disk')?.todo).toMatch(/\.$/);
});

test('the error names a kind that is missing in the guide', () => {
  expect(() => parseAdvice(guide.replace('| `disk` |', '| disk |'))).toThrow('no row for `disk`');
});
