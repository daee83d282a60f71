import { expect, test } from 'vitest';
import { mulberry32 } from '../../../tests/generate/random.ts';
import type { Build } from '../../schemas/build.ts';
import { Node } from '../../schemas/node.ts';
import { DAY_MS } from '../format.ts';
import { RECORD_BYTES } from '../spack/database.ts';
import { forecastFull, neededBytes, type Growth, type GrowthEvent } from './forecast.ts';
import { planMirror } from './plan.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const BUDGET = 900_000_000;

/** Growth of a cache. */
interface Scenario {
  seed: number;
  /** Number of builds on a day. */
  perDay: (day: number) => number;
  /** Standard deviation of the logarithm of a tarball's size, whose median is 30 kB. */
  spread: number;
  /** Days after which each tenth build is removed. */
  removedAfter?: number;
}

/** Two years of builds. Scheduled packages are drawn from 600. */
function grow({
  seed,
  perDay,
  spread,
  removedAfter,
}: Scenario): Required<Pick<GrowthEvent, 'name' | 'published' | 'size'>>[] & GrowthEvent[] {
  const random = mulberry32(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: 730 }, (_, day) =>
    Array.from({ length: Math.round(perDay(day) * (0.7 + 0.6 * random())) }, (_build, index) => {
      const published = START + day * DAY_MS + index * 1000;
      return {
        name: `p${Math.floor(600 * random())}`,
        published,
        size: Math.round(30_000 * Math.exp(spread * normal())),
        ...(removedAfter !== undefined && index % 10 === 0 && { removed: published + removedAfter * DAY_MS }),
      };
    }),
  ).flat();
}

/** Events that were known on a day. */
function knownOn(all: readonly GrowthEvent[], day: number): GrowthEvent[] {
  const end = START + day * DAY_MS;
  return all
    .filter(({ published }) => published < end)
    .map(({ removed, ...event }) => ({
      ...event,
      ...(removed !== undefined && removed < end && { removed }),
    }));
}

/** A plan for the builds of a day, each with its own node. */
function planOn(all: readonly GrowthEvent[], day: number, budget: number) {
  const digest = `sha256:${'0'.repeat(64)}`;
  const present = knownOn(all, day).filter(({ removed }) => removed === undefined);
  const nodes = present.map(({ name }, index) =>
    Node.parse({
      name,
      version: '1',
      arch: { platform: 'linux', platform_os: 'debian12', target: 'x86_64' },
      parameters: { flags: 'x'.repeat(1500) },
      hash: index.toString(2).padStart(32, 'a').replaceAll('0', 'b').replaceAll('1', 'c'),
    }),
  );
  const texts = new Map(nodes.map((node) => [node.hash, { node, text: JSON.stringify(node) }]));
  const builds = present.map(({ published, size = 0 }, index): Build => {
    const { name = '', version = '', hash = '' } = nodes[index] ?? {};
    return {
      name,
      version,
      hash,
      published: new Date(published).toISOString(),
      tarball: { digest, size, uncompressedDigest: digest, installedSize: 1, files: 1 },
      contents: { prefix: '/opt/it', programs: [], libraries: [] },
      image: { tag: `${name}.spack`, digest, size: 500, config: { digest, size: 30_000 }, runnable: true },
      origin: {},
    };
  });
  return planMirror({ builds, nodes: texts, environments: new Map() }, budget);
}

/** The first day on which not everything fits. */
function findFullDay(all: readonly GrowthEvent[], budget: number): number {
  let [low, high] = [1, 730];
  while (low < high) {
    const day = Math.floor((low + high) / 2);
    if (neededBytes(growthOn(all, day, budget)) >= budget) high = day;
    else low = day + 1;
  }
  return low;
}

function growthOn(all: readonly GrowthEvent[], day: number, budget = BUDGET): Growth {
  const text = JSON.stringify({
    name: 'p100',
    version: '1',
    arch: { platform: 'linux', platform_os: 'debian12', target: 'x86_64' },
    parameters: { flags: 'x'.repeat(1500) },
    hash: 'a'.repeat(32),
    dependencies: [],
  });
  return {
    events: knownOn(all, day),
    indexBytes: text.length + RECORD_BYTES,
    indexes: 2,
    besides: 0,
    budget,
  };
}

const STEADY: Scenario = { seed: 1, perDay: () => 25, spread: 0.9 };

test('computes the size of the site like the plan of the mirror', () => {
  const all = grow({ ...STEADY, perDay: () => 5 });
  const budget = 150_000_000;
  const full = findFullDay(all, budget);
  expect(planOn(all, full - 3, budget).leftOut.builds).toEqual([]);
  expect(planOn(all, full + 1, budget).leftOut.builds.length).toBeGreaterThan(0);
});

test.each<[string, Scenario]>([
  ['a schedule', STEADY],
  ['another one', { ...STEADY, seed: 8 }],
  ['one that pauses at weekends', { ...STEADY, seed: 2, perDay: (day) => (day % 7 < 5 ? 35 : 0) }],
  ['one with removals after 60 days', { ...STEADY, seed: 3, removedAfter: 60 }],
  ['one that was doubled on the 100th day', { ...STEADY, seed: 4, perDay: (day) => (day < 100 ? 15 : 30) }],
  ['one with large builds now and then', { ...STEADY, seed: 5, spread: 1.4, perDay: () => 15 }],
])('forecasts when %s has filled the site within 10 %% of the time left', (_, scenario) => {
  const all = grow(scenario);
  const full = findFullDay(all, BUDGET);
  expect(full).toBeGreaterThan(270);
  const misses: number[] = [];
  // Nobody can know before what changes on the 100th day.
  for (let day = 170; day < full; day += 30) {
    const forecast = forecastFull(growthOn(all, day, BUDGET));
    if (forecast?.date === undefined) continue;
    const left = (Date.parse(forecast.date) - START) / DAY_MS - day;
    // In the last weeks, a few large builds shift the date by some days.
    misses.push(Math.abs(left - (full - day)) / Math.max(60, full - day));
  }
  expect(misses.length).toBeGreaterThan(5);
  expect(Math.max(...misses)).toBeLessThan(0.1);
});

test('gives no forecast for a young cache, a cache that stopped growing, or one whose growth has just changed', () => {
  const all = grow(STEADY);
  expect(forecastFull(growthOn(all, 40))).toBeUndefined();
  expect(forecastFull({ ...growthOn(all, 200), events: [] })).toBeUndefined();
  const burst = grow({ ...STEADY, perDay: (day) => (day < 190 ? 5 : 50) });
  expect(forecastFull(growthOn(burst, 210))).toBeUndefined();
  const shrinking = knownOn(all, 200).map((event) => ({
    ...event,
    removed: START + (100 + (event.published % 100)) * DAY_MS,
  }));
  expect(forecastFull({ ...growthOn(all, 200), events: shrinking })).toBeUndefined();
});

test('gives only a range if growth varies', () => {
  const wild = forecastFull(growthOn(grow({ ...STEADY, seed: 5, spread: 1.9, perDay: () => 5 }), 200));
  expect(wild?.date).toBeUndefined();
  if (wild) expect(wild.earliest < wild.latest).toBe(true);
});

test('gives no forecast beyond five years', () => {
  expect(forecastFull({ ...growthOn(grow(STEADY), 200), budget: 1e12 })).toBeUndefined();
});
