import { expect, test } from 'vitest';
import type { CatalogBuild, SiteCatalog } from './site-catalog.ts';
import { shapeCatalog } from './shape-catalog.ts';
import { monthlyTotals, successRate, weeklyTotals } from './statistics.ts';
import { parseSettings } from '../../schemas/settings.ts';
import { NO_ENTRIES } from '../../../tests/world/catalog-entries.ts';

test('counts builds and build time of every month from the first to the last, including months without builds', () => {
  const catalog = catalogOf(['2025-11-02T00:00:00Z', '2026-02-27T00:00:00Z', '2026-02-28T23:59:59Z']);
  const months = monthlyTotals({ ...catalog, stats: [{ month: '2026-03', builds: 3, failures: 1 }] });
  expect(months).toEqual([
    { month: '2025-11', added: 1, builds: 1, bytes: 10, seconds: 1 },
    { month: '2025-12', added: 0, builds: 1, bytes: 10, seconds: 0 },
    { month: '2026-01', added: 0, builds: 1, bytes: 10, seconds: 0 },
    { month: '2026-02', added: 2, builds: 3, bytes: 30, seconds: 2 },
    { month: '2026-03', added: 0, builds: 3, bytes: 30, seconds: 0, built: 3, failed: 1 },
  ]);
  expect(successRate(months)).toBe(75);
});

test('counts the weeks of a young cache since its first build', () => {
  const weeks = weeklyTotals(
    catalogOf(['2026-11-02T00:00:00Z', '2026-11-03T00:00:00Z', '2026-11-17T00:00:00Z']),
  );
  expect(weeks.map(({ date, builds, bytes }) => [date.toISOString().slice(0, 10), builds, bytes])).toEqual([
    ['2026-11-02', 2, 20],
    ['2026-11-09', 2, 20],
    ['2026-11-16', 3, 30],
  ]);
  expect(weeklyTotals(catalogOf([]))).toEqual([]);
});

test('an empty catalog has no months and no rate', () => {
  expect(monthlyTotals(catalogOf([]))).toEqual([]);
  expect(successRate([])).toBeUndefined();
});

/** The part of a catalog that counting by month reads, with builds published on these dates. */
function catalogOf(dates: string[]): SiteCatalog {
  const empty = shapeCatalog(NO_ENTRIES, parseSettings({}));
  const builds = dates.map((published, index): [string, CatalogBuild] => [
    String(index),
    {
      build: { published, tarball: { size: 10 }, times: { total: 1, phases: [] } },
    } as unknown as CatalogBuild,
  ]);
  return { ...empty, builds: new Map(builds) };
}
