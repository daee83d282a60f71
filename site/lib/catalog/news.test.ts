import { expect, test } from 'vitest';
import { inventHistory } from '../../../tests/generate/history.ts';
import { inventBuildRecord } from '../../../tests/generate/build-record.ts';
import type { CatalogBuild } from './site-catalog.ts';
import { countWeek, foldDays, newDays } from './news.ts';

const history = inventHistory({ builds: 60, seed: 1 });
const builds = new Map(
  [...history.builds.values()].map((build): [string, CatalogBuild] => {
    const entry = history.nodes.get(build.hash);
    if (!entry) throw new Error(`no node for ${build.hash}`);
    return [build.hash, { ...entry, build: inventBuildRecord(history, build), signed: false, state: 'site' }];
  }),
);

test('every build is in exactly one day, run and package, and the newest day comes first', () => {
  const days = newDays({ builds, removed: [] }, 10_000);
  const hashes = days.flatMap(({ runs }) =>
    runs.flatMap(({ groups }) => groups.flatMap((group) => group.builds.map(({ build }) => build.hash))),
  );
  expect(hashes.sort()).toEqual([...builds.keys()].sort());
  const order = days.map(({ day }) => day);
  expect(order).toEqual(order.toSorted().reverse());
  expect(days.reduce((sum, { added }) => sum + added, 0)).toBe(60);
});

test('removed builds are listed on their day, with the reason', () => {
  const stays = [{ published: '2020-01-01T00:00:00Z', removed: '2020-02-03T04:05:06Z', reason: 'too old' }];
  const removed = [{ name: 'zlib', version: '1.2', hash: 'a'.repeat(32), stays }];
  expect(newDays({ builds: new Map(), removed }, 1)).toEqual([
    {
      day: '2020-02-03',
      added: 0,
      runs: [],
      removed: [{ day: '2020-02-03', name: 'zlib', version: '1.2', reason: 'too old' }],
    },
  ]);
});

test('if there are many lines, the newest days show theirs, and the others are counted', () => {
  const days = newDays({ builds, removed: [] }, 10_000);
  const folded = foldDays(days, 2, 7);
  const groups = folded.flatMap(({ runs }) => runs.flatMap((run) => run.groups));
  expect(groups).toHaveLength(7);
  expect(folded.map(({ day }) => day)).toEqual(days.map(({ day }) => day));
  expect(folded.at(-1)?.runs).toEqual([]);
  const shown = groups.reduce((sum, group) => sum + group.builds.length, 0);
  expect(shown + folded.reduce((sum, { otherBuilds }) => sum + otherBuilds, 0)).toBe(60);
});

test('this week is the seven days up to the newest build', () => {
  expect(countWeek({ builds })).toBeGreaterThan(0);
  expect(countWeek({ builds: new Map() })).toBe(0);
});
