import { expect, test } from 'vitest';
import { DAY_MS } from '../../site/lib/format.ts';
import { inventBuildRecord } from '../../tests/generate/build-record.ts';
import { inventHistory } from '../../tests/generate/history.ts';
import { runtimeClosure } from '../../site/lib/mirror/views.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import type { Build } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { Pin } from '../../site/schemas/kept-builds.ts';
import type { Removed } from '../../site/schemas/removed.ts';
import { recordRemoval } from '../catalog/removal.ts';
import { readOrigin } from '../publish/origin.ts';
import { planPrune, type PruneInput } from './plan.ts';

const history = inventHistory({ builds: 600, seed: 7 });
const { nodes } = history;
const RECORDS = [...history.builds.values()]
  .map((build) => inventBuildRecord(history, build))
  .sort((a, b) => compareTexts(a.published, b.published) || compareTexts(a.hash, b.hash));
const ALL = new Map(RECORDS.map((build) => [build.hash, build]));
const LAST = Date.parse(RECORDS.at(-1)?.published ?? '');

const retention = (settings: object): PruneInput['retention'] =>
  BuildCacheSettings.parse({ retention: settings }).retention;

function plan(
  changes: Partial<PruneInput> & { builds?: Map<DagHash, Build>; environments?: Map<string, DagHash[]> },
) {
  const { builds = ALL, environments = new Map(), ...rest } = changes;
  return planPrune({
    catalog: { builds, nodes, environments },
    pins: new Map(),
    removed: new Map(),
    retention: retention({ days: 30, newest: 0 }),
    now: new Date(LAST),
    ...rest,
  });
}

/** Returns the kept builds, after checking that they have all their run-time dependencies. */
function expectClosed(kept: ReadonlySet<DagHash>): void {
  const needed = runtimeClosure(kept, nodes, ALL);
  expect([...needed].filter((hash) => !kept.has(hash))).toEqual([]);
}

test('removes old builds, and never the dependencies of a kept build', () => {
  const { remove, kept } = plan({});
  expect(remove.length).toBeGreaterThan(20);
  expect(remove.length + kept.size).toBe(ALL.size);
  expectClosed(new Set(kept.keys()));
  const young = RECORDS.filter(({ published }) => LAST - Date.parse(published) < 30 * DAY_MS);
  for (const { hash } of young) expect(kept.has(hash)).toBe(true);
  for (const { build } of remove)
    expect(LAST - Date.parse(build.published)).toBeGreaterThanOrEqual(30 * DAY_MS);
});

test('keeps the builds of an environment that was concretized again, while it waits for builds', () => {
  const [removed] = plan({}).remove;
  const hash = removed?.build.hash ?? '';
  const { kept } = plan({ next: new Map([['course', [hash]]]) });
  expect(kept.get(hash)).toBe('environment course, solved again');
});

test('keeps the newest of each package, version, target and compiler', () => {
  const [kind] = RECORDS.slice(0, 1);
  if (!kind) throw new Error('expected a build');
  const twins = [1, 2, 3].map((at) => {
    const hash = `${'a'.repeat(31)}${'bcd'[at - 1] ?? ''}`;
    const published = new Date(LAST - (400 + at) * DAY_MS).toISOString().replace(/\.\d+Z$/, 'Z');
    return { ...kind, hash, published };
  });
  const entry = nodes.get(kind.hash);
  if (!entry) throw new Error('expected its node');
  const own = new Map([
    ...nodes,
    ...twins.map(({ hash }) => [hash, { ...entry, node: { ...entry.node, hash } }] as const),
  ]);
  const result = planPrune({
    catalog: {
      builds: new Map(twins.map((build) => [build.hash, build])),
      nodes: own,
      environments: new Map(),
    },
    pins: new Map(),
    removed: new Map(),
    retention: retention({ days: 30, newest: 2 }),
    now: new Date(LAST),
  });
  expect(result.remove.map(({ build }) => build.hash)).toEqual([twins[2]?.hash]);
  expect(result.remove[0]?.reason).toBe('older than 30 days, and not among the newest 2 of its kind');
});

test('keeps builds of environments and pins, regardless of age and size', () => {
  const gone = plan({}).remove.map(({ build }) => build);
  const [inLock, byHash, byName] = [gone[0], gone.at(-1), gone[Math.floor(gone.length / 2)]];
  if (!inLock || !byHash || !byName) throw new Error('expected three builds that go');
  const pins = new Map([
    ['thesis', Pin.parse({ reason: 'Figures of the thesis', hashes: [`/${byHash.hash}`] })],
    ['course', Pin.parse({ reason: 'A course', specs: [`${byName.name}@${byName.version}`, 'absent@1'] })],
  ]);
  const environments = new Map([['climate', [inLock.hash]]]);
  const { kept, remove, warnings, bytes } = plan({
    pins,
    environments,
    retention: retention({ days: 30, newest: 0, size: '1kB' }),
  });
  expect(kept.get(inLock.hash)).toBe('environment climate');
  expect(kept.get(byHash.hash)).toBe('pin thesis: Figures of the thesis');
  expect(kept.get(byName.hash)).toBe('pin course: A course');
  expectClosed(new Set(kept.keys()));
  expect(remove[0]?.reason).toMatch(/^(the tarballs would take more than 1kB|older than 30 days)/);
  expect(bytes.after).toBeGreaterThan(1_000);
  expect(warnings).toEqual([
    'pins/course.yaml: no build here matches absent@1',
    'retention.size: the builds that environments, snapshots, pins and releases need take more than 1kB; remove some of them, or raise it',
  ]);
});

test('stays below the configured size', () => {
  const half = Math.floor(plan({}).bytes.after / 2);
  const { bytes, kept } = plan({ retention: retention({ days: 30, newest: 0, size: `${half}B` }) });
  expect(bytes.after).toBeLessThanOrEqual(half);
  expect(bytes.after).toBeGreaterThan(half / 2);
  expectClosed(new Set(kept.keys()));
});

test('has nothing to do after its own plan', () => {
  const { remove } = plan({});
  const builds = new Map(ALL);
  for (const { build } of remove) builds.delete(build.hash);
  expect(plan({ builds })).toMatchObject({ remove: [], restore: [], expire: [] });
});

test('restores removed builds that a newer build needs, during their grace period', () => {
  const dependent = RECORDS.find(
    ({ hash }) =>
      runtimeClosure([hash], nodes, ALL).size > 1 &&
      LAST - Date.parse(ALL.get(hash)?.published ?? '') < 30 * DAY_MS,
  );
  if (!dependent) throw new Error('expected a young build with dependencies');
  const [needed = ''] = [...runtimeClosure([dependent.hash], nodes, ALL)].filter(
    (hash) => hash !== dependent.hash,
  );
  const build = ALL.get(needed);
  if (!build) throw new Error('expected its dependency');
  const builds = new Map(ALL);
  builds.delete(needed);
  const removed = new Map([[needed, removedNow(build, new Date(LAST - 90 * DAY_MS))]]);
  const { restore, kept, expire } = plan({ builds, removed });
  expect(restore.map(({ hash }) => hash)).toEqual([needed]);
  expect(kept.has(needed)).toBe(true);
  expect(expire).toEqual([]);
});

test('does not restore a removed build whose dependents are removed now, as after a partial commit of prune', () => {
  const now = new Date(LAST + 365 * DAY_MS);
  const later = plan({ now });
  const gone = later.remove.map(({ build }) => build);
  const [needed] = gone.filter(({ hash }) =>
    gone.some((other) => other.hash !== hash && runtimeClosure([other.hash], nodes, ALL).has(hash)),
  );
  if (!needed) throw new Error('expected a build that another needs');
  const builds = new Map(ALL);
  builds.delete(needed.hash);
  const removed = new Map([[needed.hash, removedNow(needed, now)]]);
  const { restore, remove, expire, bytes } = plan({ builds, removed, now });
  expect(restore).toEqual([]);
  expect(expire).toEqual([]);
  expect(remove.map(({ build }) => build.hash)).toEqual(
    gone.map(({ hash }) => hash).filter((hash) => hash !== needed.hash),
  );
  expect(bytes.before).toBeLessThan(later.bytes.before);
});

// 9,125 builds are 25 per day; prune runs weekly.
test.each(process.env['FULL'] ? [600, 9_125] : [600])(
  'keeps a cache below its size for a year of %d builds, and breaks no client with an index of last week',
  (count) => {
    const year = count === RECORDS.length ? history : inventHistory({ builds: count, seed: 7 });
    const records = [...year.builds.values()].map((build) => inventBuildRecord(year, build));
    const all = new Map(records.map((build) => [build.hash, build]));
    const limit = Math.floor(records.reduce((sum, { tarball }) => sum + tarball.size, 0) / 3);
    const settings = retention({ days: 60, newest: 1, size: `${limit}B`, graceDays: 14 });
    const perWeek = Math.ceil(records.length / 52);
    const builds = new Map<DagHash, Build>();
    let removed = new Map<DagHash, Removed>();
    let lastWeek = new Set<DagHash>();
    let pruned = 0;
    records.forEach((record, at) => {
      const day = Math.floor((at * 365) / records.length);
      const now = new Date(LAST + day * DAY_MS);
      // Its dependencies are published with it, or are there already.
      for (const hash of runtimeClosure([record.hash], year.nodes, all)) {
        const build = all.get(hash);
        if (build && !builds.has(hash)) builds.set(hash, { ...build, published: now.toISOString() });
      }
      if (at % perWeek !== perWeek - 1) return;
      const { remove, restore, expire, bytes } = planPrune({
        catalog: { builds, nodes: year.nodes, environments: new Map() },
        pins: new Map(),
        removed,
        retention: settings,
        now,
      });
      for (const { hash, grace } of restore) if (grace) builds.set(hash, grace.build);
      for (const { build } of remove) builds.delete(build.hash);
      const expired = new Set(expire.map(({ hash }) => hash));
      removed = new Map([
        ...[...removed].filter(([hash]) => !expired.has(hash) && !builds.has(hash)),
        ...remove.map(({ build }) => [build.hash, removedNow(build, now)] as const),
      ]);
      pruned += remove.length;
      expect(bytes.after).toBeLessThanOrEqual(limit);
      const needed = runtimeClosure(builds.keys(), year.nodes, all);
      expect([...needed].filter((hash) => !builds.has(hash))).toEqual([]);
      expect([...lastWeek].filter((hash) => !builds.has(hash) && !removed.has(hash))).toEqual([]);
      lastWeek = new Set(builds.keys());
    });
    expect(pruned).toBeGreaterThan(100);
  },
  600_000,
);

function removedNow(build: Build, now: Date): Removed {
  const removed = now.toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    ...recordRemoval({ ...build, published: removed }, { removed, reason: 'old' }),
    grace: { build, manifest: '{}' },
  };
}

test('keeps a snapshot with its dependencies, and restores its builds in their grace period', () => {
  const [old] = plan({}).remove;
  if (!old) throw new Error('expected a build that goes');
  const hash = old.build.hash;
  const snapshots = new Map([['thesis', [hash]]]);
  const run = (builds: ReadonlyMap<DagHash, Build>, removed = new Map<DagHash, Removed>()) =>
    planPrune({
      catalog: { builds: new Map(builds), nodes, environments: new Map(), snapshots },
      pins: new Map(),
      removed,
      retention: retention({ days: 30, newest: 0, size: '1kB' }),
      now: new Date(LAST),
    });
  const { kept } = run(ALL);
  expect(kept.get(hash)).toBe('snapshot thesis');
  expectClosed(new Set(kept.keys()));
  const without = new Map([...ALL].filter(([key]) => key !== hash));
  const gone = new Map([[hash, removedNow(old.build, new Date(LAST))]]);
  expect(run(without, gone).restore.map((record) => record.hash)).toEqual([hash]);
});

test('keeps the newest releases of the recipes, drops older ones, and restores builds that are requested again', () => {
  const needed = new Set(RECORDS.flatMap(({ hash }) => [...runtimeClosure([hash], nodes, ALL)].slice(1)));
  const gone = plan({}).remove.flatMap(({ build }) => (needed.has(build.hash) ? [] : [build]));
  const releases = ['v2025.7.0', 'v2025.11.0', 'v2026.3.0', 'develop'];
  const builds = new Map(ALL);
  const of = new Map<DagHash, string>();
  gone.slice(0, 8).forEach((build, at) => {
    const release = releases[at % releases.length] ?? '';
    const origin = readOrigin({ SPACK_PACKAGES_VERSION: 'f'.repeat(40), SPACK_PACKAGES_RELEASE: release });
    builds.set(build.hash, { ...build, origin });
    of.set(build.hash, release);
  });
  const hashesOf = (release: string): DagHash[] =>
    [...of].flatMap(([hash, own]) => (own === release ? hash : []));
  const run = (settings: object, more: Parameters<typeof plan>[0] = {}) =>
    plan({ builds, ...more, retention: retention({ days: 30, newest: 0, ...settings }) });
  const isKept = (kept: ReadonlyMap<DagHash, string>) =>
    releases.map((release) => hashesOf(release).every((hash) => kept.has(hash)));

  // With a number from the owner, neither age nor size removes any of them.
  const asked = run({ releases: 2, size: '1kB' });
  expect(isKept(asked.kept)).toEqual([false, true, true, false]);
  expect(asked.kept.get(hashesOf('v2026.3.0')[0] ?? '')).toBe('release v2026.3.0 of the recipes');
  expectClosed(new Set(asked.kept.keys()));
  expect(asked.warnings).toContainEqual(expect.stringContaining('pins and releases need take more than 1kB'));
  // A smaller number releases one.
  expect(isKept(run({ releases: 1 }).kept)).toEqual([false, false, true, false]);
  expect(isKept(run({ releases: 0 }).kept)).toEqual([false, false, false, false]);
  // By default the two newest stay regardless of their age, but the size limit has priority.
  expect(isKept(run({}).kept)).toEqual([false, true, true, false]);
  expect(isKept(run({ size: '1kB' }).kept)).toEqual([false, false, false, false]);

  // A release requested again within the grace period is restored; an applied plan leaves nothing to do.
  const [hash = ''] = hashesOf('v2025.11.0');
  const build = builds.get(hash);
  if (!build) throw new Error('expected a build of the release');
  const without = new Map([...builds].filter(([key]) => key !== hash));
  const removed = new Map([[hash, removedNow(build, new Date(LAST))]]);
  expect(run({ releases: 2 }, { builds: without, removed }).restore).toHaveLength(1);
  expect(run({ releases: 1 }, { builds: without, removed }).restore).toHaveLength(0);
});
