import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Failure } from '../../schemas/failure.ts';
import { parseAdvice } from './failures.ts';

const guide = readFileSync('site/pages/guide/failures.md', 'utf8');

test('the guide says of every kind of failure what happened and what to do', () => {
  const advice = parseAdvice(guide);
  expect([...advice.keys()]).toEqual(Failure.shape.kind.options);
  expect(advice.get('disk')?.todo).toMatch(/\.$/);
});

test('a kind that the guide leaves out is named', () => {
  expect(() => parseAdvice(guide.replace('| `disk` |', '| disk |'))).toThrow('no row for `disk`');
});
