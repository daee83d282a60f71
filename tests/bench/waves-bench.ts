import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LANES, MAX_JOBS, MAX_WAVES } from '../../site/schemas/build-request.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { createRandom, type Random } from '../generate/random.ts';
import { inventWork, SHAPES } from '../generate/work.ts';
import type { Limits } from '../../scripts/waves/play-waves.ts';
import { divideWork, type Job } from '../../scripts/waves/divide.ts';
import { LONG_SECONDS } from '../../scripts/waves/long-packages.ts';
import { readWorkGraph, type Work, type WorkNode } from '../../scripts/waves/work-graph.ts';
import type { Figures } from './bench.ts';
import { round } from './stopwatch.ts';

const LOCK = join(import.meta.dirname, '../fixtures/real-nodes/x86_64_v3.lock.json');
/** GitHub's limits; each change of waves takes three minutes. */
export const GITHUB: Limits = {
  runners: 20,
  waves: MAX_WAVES,
  jobs: MAX_JOBS,
  jobSeconds: 18_000,
  jobBytes: Infinity,
  waveSeconds: 180,
};
const HOURS = 31;
const DRAWS = 5;
const DRAWS_A_SHAPE = 2;
/** Spread of build times around the estimate: a third take less than two thirds of it, or half more. */
const SPREAD = 0.4;
/** Build time in seconds that gather assumes for an unknown package. */
const UNKNOWN_SECONDS = 90;

/** Work whose packages have names. */
type NamedWork = ReadonlyMap<string, WorkNode & { name: string }>;

/**
 * Approximate build times of some packages on four cores: common dependencies are quick, compilers and large
 * frameworks take hours. All other packages take half a minute, some a quarter of an hour.
 */
const SECONDS: Record<string, number> = {
  'compiler-wrapper': 0.3,
  'gcc-runtime': 1,
  gmake: 25,
  'zlib-ng': 12,
  m4: 40,
  autoconf: 10,
  automake: 10,
  libtool: 15,
  perl: 240,
  openssl: 250,
  python: 300,
  cmake: 600,
  ninja: 40,
  meson: 10,
  ncurses: 90,
  sqlite: 90,
  gettext: 300,
  llvm: 5_400,
  rust: 3_600,
  boost: 900,
  openblas: 900,
  openmpi: 700,
  mpich: 800,
  hdf5: 250,
  petsc: 900,
  trilinos: 5_400,
  r: 600,
  'py-scipy': 900,
  'py-pandas': 600,
};

/** A simulated plan: its wall-clock time, also as a ratio. */
export interface Played {
  minutes: number;
  /** Ratio to the longest chain or to all work divided by the runners, whichever is longer. */
  ratio: number;
  jobs: number;
  waves: number;
  longestJobHours: number;
}

/**
 * Simulates divided work on the runners as the workflow runs it: a wave begins when the jobs that it waits
 * for have ended and their builds were checked, on a free runner. Throws when a job starts before its
 * dependencies are available.
 * @param estimated the same work with the times that it is divided by
 */
export function playWaves(work: Work, limits: Limits, estimated = work): Played {
  const { jobs, left } = divideWork(estimated, limits);
  if (left.length > 0)
    throw new Error(`expected a place for everything, found none for ${left.length} nodes`);
  const waves = Math.max(...jobs.map(({ wave }) => wave)) + 1;
  const free = new Float64Array(limits.runners);
  const ends = new Map<Job, number>();
  const handedOn = new Set<string>();
  let start = 0;
  for (let wave = 0; wave < waves; wave += 1) {
    const due = jobs.filter((job) => dueOf(job) <= wave);
    if (wave > 0)
      start =
        Math.max(start, Math.min(...free), ...due.map((job) => ends.get(job) ?? 0)) + limits.waveSeconds;
    for (const hash of due.flatMap(({ hashes }) => hashes)) handedOn.add(hash);
    for (const job of jobs.filter((one) => one.wave === wave)) {
      const own = new Set(job.hashes);
      if (
        job.hashes.some((hash) => work.get(hash)?.needs.some((need) => !own.has(need) && !handedOn.has(need)))
      )
        throw new Error(`a job of wave ${wave + 1} needs what no job has handed on`);
      const runner = free.indexOf(Math.min(...free));
      const end = Math.max(start, free[runner] ?? 0) + sumOf(work, job);
      free[runner] = end;
      ends.set(job, end);
    }
  }
  const seconds = Math.max(...ends.values());
  return {
    minutes: Math.round(seconds / 60),
    ratio: round(seconds / lowerBound(work, limits.runners)),
    jobs: jobs.length,
    waves,
    longestJobHours: round(Math.max(...jobs.map((job) => sumOf(work, job))) / 3_600),
  };
}

/** Number of the wave that waits for a job, from 0. */
function dueOf({ wave, lane }: Job): number {
  return wave + LANES[lane ?? 'next'];
}

/** Lower bound, in seconds, of any division: the longest chain, or the total time divided by the runners. */
function lowerBound(work: Work, runners: number): number {
  const { longestChain, total } = readWorkGraph(work);
  return Math.max(longestChain, total / runners);
}

/**
 * Lower bound, in seconds, of any plan on any number of runners, if a job takes builds of others only at its
 * start, and moving builds from job to job takes as long as between waves. A node's job started at some time;
 * dependencies of the node that were not available by then are built by that job, one after the other.
 */
export function boundInJobs(work: Work, crossingSeconds: number): number {
  const { seconds, needs } = readWorkGraph(work);
  const ends = new Float64Array(seconds.length);
  const closures: Set<number>[] = [];
  for (const [node, direct] of needs.entries()) {
    const closure = new Set(direct.flatMap((need) => [need, ...(closures[need] ?? [])]));
    closures.push(closure);
    let least = Infinity;
    let own = seconds[node] ?? 0;
    for (const need of [...closure].sort((a, b) => (ends[b] ?? 0) - (ends[a] ?? 0))) {
      least = Math.min(least, (ends[need] ?? 0) + crossingSeconds + own);
      own += seconds[need] ?? 0;
    }
    ends[node] = Math.min(least, own);
  }
  return Math.max(0, ...ends);
}

/**
 * Minutes with one job per root, which builds all its dependencies itself. Longer jobs take one run per five
 * hours.
 */
export function playJobARoot(work: Work, roots: readonly string[], limits: Limits): number {
  const jobs = roots.map((root) => {
    const closure = new Set([root]);
    for (const hash of closure) for (const need of work.get(hash)?.needs ?? []) closure.add(need);
    return [...closure].reduce((sum, hash) => sum + (work.get(hash)?.seconds ?? 0), 0);
  });
  return Math.round(playJobs(jobs, limits.runners) / 60);
}

/** Runs jobs in order, each on the first free runner. */
function playJobs(jobs: readonly number[], runners: number): number {
  const ends = new Float64Array(runners);
  for (const seconds of jobs) {
    const free = ends.indexOf(Math.min(...ends));
    ends[free] = (ends[free] ?? 0) + seconds;
  }
  return Math.max(...ends);
}

function sumOf(work: Work, { hashes }: Job): number {
  return hashes.reduce((sum, hash) => sum + (work.get(hash)?.seconds ?? 0), 0);
}

/** The real DAG of 65 roots. @param seconds returns the build time of a package */
export function realWork(seconds: (name: string) => number): { work: NamedWork; roots: string[] } {
  const lock = LockFile.parse(JSON.parse(readFileSync(LOCK, 'utf8')));
  const built = Object.values(lock.concrete_specs).filter(({ external }) => !external);
  const hashes = new Set(built.map(({ hash }) => hash));
  const work = new Map(
    built.map(({ hash, name, dependencies }) => [
      hash,
      {
        name,
        seconds: seconds(name),
        needs: dependencies.map((one) => one.hash).filter((need) => hashes.has(need)),
        group: 'x86_64_v3',
      },
    ]),
  );
  return { work, roots: lock.roots.map(({ hash }) => hash).filter((hash) => hashes.has(hash)) };
}

/** Enlarges the real DAG to a number of nodes with leaves like its own, to simulate larger stacks. */
export function enlarge(work: NamedWork, nodes: number, random: Random): NamedWork {
  const all = [...work.entries()];
  const larger = new Map(work);
  while (larger.size < nodes) {
    const [hash, node] = random.pick(all);
    larger.set(`${hash.slice(0, 26)}${String(larger.size).padStart(6, '2')}`, {
      ...node,
      needs: [...node.needs],
    });
  }
  return larger;
}

/** Scales work to a total number of hours. */
export function scaleTo(work: NamedWork, hours: number): NamedWork {
  let total = 0;
  for (const { seconds } of work.values()) total += seconds;
  const factor = (hours * 3_600) / total;
  return withSeconds(work, ({ seconds }) => seconds * factor);
}

/** Replaces the times of work. */
function withSeconds(
  work: NamedWork,
  secondsOf: (node: { name: string; seconds: number }) => number,
): NamedWork {
  return new Map([...work].map(([hash, node]) => [hash, { ...node, seconds: secondsOf(node) }]));
}

/** Draws the build time of each package. `known`: by its name, if known; else any time for any package. */
export function drawSeconds(random: Random, { known }: { known: boolean }): (name: string) => number {
  return (name) => {
    const seconds = known ? SECONDS[name] : undefined;
    return seconds === undefined ? Math.min(900, random.logNormal(40, 1.2)) : random.logNormal(seconds, 0.2);
  };
}

/**
 * Simulates plans of real DAGs, and of invented ones of other shapes, on 20 runners: with the times that they were made for; with builds that take
 * more or less time, compared with plans that know that; and with the estimates of a cache without history.
 * Ratios are means, and the worst of several draws of times.
 */
export function benchWaves(): Promise<Figures> {
  const figures: Figures = {};
  for (const [row, known, nodes] of [
    ['roots65', true, 0],
    ['nodes400', true, 400],
    ['anyTimes', false, 0],
  ] as const) {
    const ratios = new Map<string, number[]>();
    const add = (name: string, ratio: number) => ratios.set(name, [...(ratios.get(name) ?? []), ratio]);
    const plays = Array.from({ length: DRAWS }, (_, draw) => {
      const random = createRandom(`waves ${row} ${draw}`);
      const { work: real, roots } = realWork(drawSeconds(random, { known }));
      const work = scaleTo(enlarge(real, nodes, random), HOURS);
      const played = playWaves(work, GITHUB);
      add('TimesTheLeast', played.ratio);
      const taken = withSeconds(work, ({ seconds }) => random.logNormal(seconds, SPREAD));
      add('UnsureTimesTheLeast', playWaves(taken, GITHUB, work).ratio);
      add('UnsureButKnownTimesTheLeast', playWaves(taken, GITHUB).ratio);
      const estimated = withSeconds(work, ({ name }) => LONG_SECONDS.get(name) ?? UNKNOWN_SECONDS);
      add('NoHistoryTimesTheLeast', playWaves(work, GITHUB, estimated).ratio);
      const alike = withSeconds(work, () => UNKNOWN_SECONDS);
      add('AllAlikeTimesTheLeast', playWaves(work, GITHUB, alike).ratio);
      const least = round(boundInJobs(work, GITHUB.waveSeconds) / lowerBound(work, GITHUB.runners));
      return { ...played, today: playJobARoot(work, roots, GITHUB), least };
    });
    figures[`${row}Minutes`] = mean(plays.map(({ minutes }) => minutes));
    figures[`${row}MinutesWithAJobARoot`] = mean(plays.map(({ today }) => today));
    figures[`${row}LongestJobHours`] = Math.max(...plays.map(({ longestJobHours }) => longestJobHours));
    figures[`${row}BoundOfAnyPlanMean`] = mean(plays.map(({ least }) => least));
    for (const [name, list] of ratios) {
      figures[`${row}${name}Mean`] = mean(list);
      figures[`${row}${name}Worst`] = Math.max(...list);
    }
  }
  const others = Object.keys(SHAPES).flatMap((shape) =>
    Array.from({ length: DRAWS_A_SHAPE }, (_, draw) => {
      const work = scaleTo(
        inventWork(createRandom(`waves ${shape} ${draw}`), shape as keyof typeof SHAPES),
        HOURS,
      );
      return playWaves(work, GITHUB).ratio;
    }),
  );
  figures['shapesTimesTheLeastMean'] = mean(others);
  figures['shapesTimesTheLeastWorst'] = Math.max(...others);
  // An environment in one job, as before waves.
  figures['minutesInOneJob'] = HOURS * 60;
  return Promise.resolve(figures);
}

function mean(values: readonly number[]): number {
  return round(values.reduce((sum, one) => sum + one, 0) / values.length);
}
