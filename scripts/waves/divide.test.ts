import { LANES } from '../../site/schemas/build-request.ts';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../tests/generate/random.ts';
import type { Limits } from './play-waves.ts';
import { divideWork, type Division } from './divide.ts';
import { readWorkGraph, type Work, type WorkNode } from './work-graph.ts';

const LIMITS: Limits = {
  runners: 20,
  waves: 8,
  jobs: 256,
  jobSeconds: 18_000,
  jobBytes: 6e9,
  waveSeconds: 180,
};

function workOf(nodes: Record<string, [seconds: number, needs?: string[], group?: string]>): Work {
  return new Map(
    Object.entries(nodes).map(([hash, [seconds, needs = [], group = 'a']]): [string, WorkNode] => [
      hash,
      { seconds, needs, group },
    ]),
  );
}

/** Expectations for any division. */
function expectSound(work: Work, { jobs, left }: Division, limits: Limits): void {
  const placed = new Map<string, { from: number; job: number; place: number }>();
  for (const [job, { wave, lane, group, hashes, seconds }] of jobs.entries()) {
    // The first wave that can use it.
    const from = wave + LANES[lane ?? 'next'];
    expect(wave).toBeLessThan(limits.waves);
    for (const [place, hash] of hashes.entries()) {
      expect(placed.has(hash), `${hash} is built twice`).toBe(false);
      expect(work.get(hash)?.group).toBe(group);
      for (const need of work.get(hash)?.needs ?? []) {
        const there = placed.get(need);
        const isBefore = there && (there.job === job ? there.place < place : there.from <= wave);
        expect(isBefore, `${hash} needs ${need}`).toBe(true);
      }
      placed.set(hash, { from, job, place });
    }
    if (hashes.length > 1) expect(seconds).toBeLessThanOrEqual(limits.jobSeconds);
  }
  expect([...placed.keys(), ...left].sort()).toEqual([...work.keys()].sort());
  expect(jobs.length).toBeLessThanOrEqual(limits.jobs);
}

test('nothing to build takes no job', () => {
  expect(divideWork(new Map(), LIMITS)).toEqual({ jobs: [], left: [], seconds: 0 });
});

test('a short chain stays one job of one wave', () => {
  const work = workOf({ zlib: [10], hdf5: [250, ['zlib']] });
  expect(divideWork(work, LIMITS)).toEqual({
    jobs: [{ wave: 0, group: 'a', hashes: ['zlib', 'hdf5'], seconds: 260 }],
    left: [],
    seconds: 260,
  });
});

test('a shared node is built once, before its dependents', () => {
  const users = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`user${n}`, [3_000, ['cmake']]]));
  const work = workOf({ cmake: [900], ...(users as Record<string, [number, string[]]>) });
  const division = divideWork(work, LIMITS);
  expectSound(work, division, LIMITS);
  expect(division.jobs.map(({ wave }) => wave)).toEqual([0, ...Array.from({ length: 10 }, () => 1)]);
  expect(division.seconds).toBe(900 + 180 + 3_000);
});

test('a second wave has to be worth its overhead', () => {
  const work = workOf({ base: [60], one: [100, ['base']], two: [100, ['base']] });
  expect(divideWork(work, LIMITS).jobs).toHaveLength(1);
});

test('the next wave waits neither for a job that nothing needs nor for one that the wave after it needs', () => {
  const work = workOf({
    base: [1_000],
    middle: [1_000, ['base'], 'b'],
    llvm: [2_100],
    top: [1_000, ['middle', 'llvm']],
    alone: [3_000],
  });
  const division = divideWork(work, LIMITS);
  expectSound(work, division, LIMITS);
  const laneOf = (name: string) => division.jobs.find(({ hashes }) => hashes.includes(name))?.lane;
  expect(['base', 'llvm', 'alone'].map(laneOf)).toEqual([undefined, 'long', 'last']);
  expect(division.seconds).toBe(1_000 + 180 + 1_000 + 180 + 1_000);
});

test('the third wave after it waits for a job that only that one or a later one needs', () => {
  const work = workOf({
    base: [1_000],
    second: [1_000, ['base'], 'b'],
    third: [1_000, ['second'], 'c'],
    llvm: [3_300],
    top: [1_000, ['third', 'llvm'], 'd'],
  });
  const division = divideWork(work, LIMITS);
  expectSound(work, division, LIMITS);
  expect(division.jobs.find(({ hashes }) => hashes.includes('llvm'))).toMatchObject({
    wave: 0,
    lane: 'longer',
  });
  expect(division.seconds).toBe(4 * 1_000 + 3 * 180);
});

test('a wave waits for no job that only a later wave takes of, however short', () => {
  const work = workOf({
    base: [1_000],
    side: [900],
    middle: [1_000, ['base'], 'b'],
    top: [1_000, ['middle', 'side'], 'c'],
  });
  const division = divideWork(work, LIMITS);
  expectSound(work, division, LIMITS);
  expect(division.jobs.find(({ hashes }) => hashes.includes('side'))).toMatchObject({
    wave: 0,
    lane: 'long',
  });
});

test('nodes of two groups share no job, and take from each other in waves', () => {
  const work = workOf({ base: [10, [], 'a'], one: [10, ['base'], 'b'] });
  const division = divideWork(work, LIMITS);
  expectSound(work, division, LIMITS);
  expect(division.jobs.map(({ wave, group }) => [wave, group])).toEqual([
    [0, 'a'],
    [1, 'b'],
  ]);
});

test('nodes that do not fit into the hours of all waves are left for another run', () => {
  const work = workOf({ a: [10_000], b: [10_000, ['a']], c: [10_000, ['b']] });
  const division = divideWork(work, { ...LIMITS, waves: 2 });
  expectSound(work, division, { ...LIMITS, waves: 2 });
  expect(division.left).toEqual(['c']);
});

test('a node that takes longer than the limit of a job is tried alone', () => {
  const work = workOf({ base: [100], huge: [20_000, ['base']], top: [100, ['huge']] });
  const division = divideWork(work, LIMITS);
  expectSound(work, division, LIMITS);
  expect(division.jobs.map(({ hashes }) => hashes)).toContainEqual(['huge']);
});

test('jobs are no larger than a disk, short ones that share a job, too', () => {
  const sized = (names: string[], needs: string[] = []) =>
    names.map((name): [string, WorkNode] => [name, { seconds: 300, bytes: 2.5e9, needs, group: 'a' }]);
  const chained = new Map([...sized(['a']), ...sized(['b'], ['a']), ...sized(['c'], ['a', 'b'])]);
  for (const work of [chained, new Map(sized(['a', 'b', 'c', 'd', 'e']))]) {
    const division = divideWork(work, LIMITS);
    expectSound(work, division, LIMITS);
    expect(division.left).toEqual([]);
    for (const { hashes } of division.jobs) expect(hashes.length).toBeLessThanOrEqual(2);
  }
});

test('jobs beyond the limit of a run are left', () => {
  const work = workOf(
    Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`n${n}`, [3_000, [], `g${n}`]])),
  );
  const division = divideWork(work, { ...LIMITS, jobs: 4 });
  expect(division.jobs).toHaveLength(4);
  expect(division.left).toHaveLength(5);
});

test('a cycle and a missing node are refused', () => {
  expect(() => divideWork(workOf({ a: [1, ['b']], b: [1, ['a']] }), LIMITS)).toThrow(/in a cycle/);
  expect(() => divideWork(workOf({ a: [1, ['b']] }), LIMITS)).toThrow(
    'the work lacks the node b, which a needs',
  );
});

describe('random work', () => {
  test.each([1, 2, 3])('is divided soundly, the same way each time: seed %i', (seed) => {
    const random = createRandom(`waves ${seed}`);
    const nodes: Record<string, [number, string[], string]> = {};
    for (let n = 0; n < 90; n += 1) {
      const needs = Array.from({ length: Math.min(n, 1 + Math.floor(random.fraction() * 3)) }, () =>
        Math.floor(random.fraction() ** 2 * n),
      );
      nodes[`n${n}`] = [
        random.fraction() ** 4 * 9_000,
        [...new Set(needs)].map((need) => `n${need}`),
        `g${n % 2}`,
      ];
    }
    const work = workOf(nodes);
    for (const limits of [LIMITS, { ...LIMITS, waves: 3, runners: 2, jobs: 5, jobSeconds: 5_000 }]) {
      const division = divideWork(work, limits);
      expectSound(work, division, limits);
      const { longestChain, total } = readWorkGraph(work);
      const least = Math.max(longestChain, total / limits.runners);
      expect(division.seconds).toBeGreaterThanOrEqual(division.left.length > 0 ? 0 : least);
      expect(divideWork(work, limits)).toEqual(division);
    }
  });
});
