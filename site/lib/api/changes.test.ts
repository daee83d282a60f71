import { expect, test } from 'vitest';
import { recordRemoval } from '../../../scripts/catalog/removal.ts';
import { inventBuildRecord } from '../../../tests/generate/build-record.ts';
import { inventHistory } from '../../../tests/generate/history.ts';
import type { Build } from '../../schemas/build.ts';
import type { Removed } from '../../schemas/removed.ts';
import { changesDocument } from './lists.ts';
import { documentText } from './texts.ts';

const BUILDS = 200;
const SECOND_MS = 1_000;

/** A catalog that publish and prune write, and its months as the API serves them. */
function openCache() {
  const builds = new Map<string, { build: Build }>();
  const removed = new Map<string, Removed>();
  return {
    publish: (build: Build) => void builds.set(build.hash, { build }),
    prune: (hash: string, date: string) => {
      const build = builds.get(hash)?.build;
      if (!build) throw new Error(`expected a build ${hash}`);
      removed.set(hash, recordRemoval(build, { removed: date, reason: 'newer' }, removed.get(hash)));
      builds.delete(hash);
    },
    months: () =>
      new Map(
        [...changesDocument({ builds, removed: [...removed.values()] })].map(([month, list]) => [
          month,
          documentText('changes', list),
        ]),
      ),
  };
}

function monthOf(date: string): string {
  return date.slice(0, 'yyyy-mm'.length);
}

function secondsAfter(date: string, seconds: number): string {
  return new Date(Date.parse(date) + seconds * SECOND_MS).toISOString().replace('.000Z', 'Z');
}

test('a past month keeps its bytes through years of publishing, pruning and publishing again', () => {
  const history = inventHistory({ builds: BUILDS, seed: 1 });
  const records = [...history.builds.values()]
    .map((build) => inventBuildRecord(history, build))
    .sort((left, right) => left.published.localeCompare(right.published));
  const cache = openCache();
  /** Texts of past months at the time when they ended. */
  const over = new Map<string, string>();
  const pruned: Build[] = [];
  for (const [index, build] of records.entries()) {
    const now = build.published;
    for (const [month, text] of cache.months()) {
      if (month >= monthOf(now)) continue;
      expect(text, `${month} in ${monthOf(now)}`).toBe(over.get(month) ?? text);
      over.set(month, text);
    }
    cache.publish(build);
    // Prune removes old builds; some of them are requested and built again, and are removed once more.
    const old = index % 3 === 0 ? records[Math.floor(index / 3)] : undefined;
    if (old && old !== build) {
      cache.prune(old.hash, secondsAfter(now, 1));
      pruned.push(old);
    }
    const again = index % 7 === 0 ? pruned.shift() : undefined;
    if (again) cache.publish({ ...again, published: secondsAfter(now, 2) });
    if (again && index % 2 === 0) cache.prune(again.hash, secondsAfter(now, 3));
  }
  expect(over.size).toBeGreaterThan(2);
  expect([...over.values()].some((text) => text.includes('"removed"'))).toBe(true);
});

test('lists every removal and every publication of a build that was built again, in order', () => {
  const history = inventHistory({ builds: 1, seed: 1 });
  const [build] = [...history.builds.values()].map((each) => inventBuildRecord(history, each));
  if (!build) throw new Error('expected a build');
  const cache = openCache();
  cache.publish({ ...build, published: '2026-01-31T23:59:59Z' });
  cache.prune(build.hash, '2026-02-01T00:00:00Z');
  cache.publish({ ...build, published: '2026-02-03T00:00:00Z' });
  const months = [...cache.months().values()].map((text): unknown => JSON.parse(text));
  expect(months).toMatchObject([
    { added: [{ date: '2026-01-31T23:59:59Z' }], removed: [] },
    {
      added: [{ date: '2026-02-03T00:00:00Z' }],
      removed: [{ date: '2026-02-01T00:00:00Z', reason: 'newer' }],
    },
  ]);
  cache.prune(build.hash, '2026-03-01T00:00:00Z');
  expect([...cache.months().keys()]).toEqual(['2026-01', '2026-02', '2026-03']);
});
