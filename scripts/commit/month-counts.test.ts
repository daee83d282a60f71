import { expect, test } from 'vitest';
import type { Change } from './changes.ts';
import { countByMonth } from './month-counts.ts';

test('counts builds and failures in the month in which they happened', () => {
  const changes = [
    add('site/content/builds/a/a-1.json', { published: '2026-11-30T23:59:59Z' }),
    add('site/content/builds/b/b-1.json', { published: '2026-12-01T00:00:00Z' }),
    add('site/content/builds/c/c-1.json', { published: '2026-12-01T00:00:01Z' }),
    add('site/content/failures/d/1.json', { date: '2026-12-01T00:00:02Z' }),
    add('site/content/manifests/a/a-1.spec.manifest.json', {}),
    add('site/content/specs/a/a-1.spec.json', {}),
    { path: 'site/content/failures/a/1.json', base: 'x' },
    { path: 'site/content/builds/e/e-1.json', base: 'x' },
  ];
  expect(Object.fromEntries(countByMonth(changes))).toEqual({
    'site/content/stats/2026-11.json': { builds: 1, failures: 0 },
    'site/content/stats/2026-12.json': { builds: 2, failures: 1 },
  });
});

test('counts only builds and failures', () => {
  expect(countByMonth([add('site/content/packages/builds.json', {}), add('cache.json', {})]).size).toBe(0);
});

function add(path: string, data: object): Change {
  return { path, content: Buffer.from(JSON.stringify(data)) };
}
