import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Failure } from '../../schemas/failure.ts';
import { failureFilters, parseAdvice } from './failures.ts';
import type { CatalogFailure } from './site-catalog.ts';

const guide = readFileSync('site/pages/guide/failures.md', 'utf8');

test('the guide explains what happened and what to do for every kind of failure', () => {
  const advice = parseAdvice(guide);
  expect([...advice.keys()]).toEqual(Failure.shape.kind.options);
  expect(advice.get('disk')?.todo).toMatch(/\.$/);
});

test('the error names a kind that is missing in the guide', () => {
  expect(() => parseAdvice(guide.replace('| `disk` |', '| disk |'))).toThrow('no row for `disk`');
});

test('the list can be filtered by the last week of the cache, and by kind', () => {
  const failures = [
    ['2026-08-26', 'disk'],
    ['2026-08-20', 'test'],
    ['2026-08-19', 'test'],
  ].map(([day, kind]) => ({ kind, date: `${day}T12:00:00Z` }) as CatalogFailure);
  const builds = new Map();
  const counts = (): unknown =>
    failureFilters({ builds, failures }).map(({ id, failures }) => [id, failures.length]);
  expect(counts()).toEqual([
    ['week', 2],
    ['test', 2],
    ['disk', 1],
  ]);
  builds.set('a', { build: { published: '2026-09-10T00:00:00Z' } });
  expect(counts()).toEqual([
    ['test', 2],
    ['disk', 1],
  ]);
});
