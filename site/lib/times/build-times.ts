import { BuildTimes, type Build } from '../../schemas/build.ts';
import { targetOf, type Node } from '../../schemas/node.ts';
import { formatDuration } from '../format.ts';

/** Build times, and estimates from them. */

/** Shortest phase to keep, in seconds. */
const SHORTEST = 0.1;
/** Minimum number of neighbours for an estimate. */
const FEWEST_NEIGHBOURS = 3;

/** Properties of a build that an estimate depends on. */
export interface BuildKind {
  name: string;
  version: string;
  /** Microarchitecture. */
  target: string;
  /** `cmake`, `autotools`, `python_pip` …; empty: not known. */
  buildSystem: string;
}

/** A build with its time in seconds. */
export interface TimedBuild extends BuildKind {
  seconds: number;
}

/**
 * Estimated build time, and its basis: builds of the same package, or of packages that
 * build in a similar way.
 */
export interface TimeEstimate {
  seconds: number;
  basis: 'history' | 'neighbours';
}

/** Estimated time of several builds, one after the other. */
export interface TimeSum {
  /** Total of the builds with an estimate. */
  seconds: number;
  /** Number of these whose estimate is only from neighbours. */
  byNeighbours: number;
  /** Number of builds without an estimate. */
  unknown: number;
}

/** Rounds build times to tenths of a second for the record. Undefined: the values cannot be times. */
export function roundTimes(total: number, phases: BuildTimes['phases']): BuildTimes | undefined {
  return BuildTimes.safeParse({
    total: roundSeconds(total),
    phases: phases
      .filter(({ seconds }) => seconds >= SHORTEST)
      .map(({ name, seconds }) => ({ name, seconds: roundSeconds(seconds) })),
  }).data;
}

function roundSeconds(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}

/** Properties of a node that an estimate depends on. */
export function kindOf(node: Node): BuildKind {
  return { name: node.name, version: node.version, target: targetOf(node), buildSystem: buildSystemOf(node) };
}

/** The node's `build_system` variant; empty: it has none. */
export function buildSystemOf({ parameters }: Pick<Node, 'parameters'>): string {
  const value = parameters['build_system'];
  return Array.isArray(value) ? value.join() : typeof value === 'string' ? value : '';
}

/** Builds of a catalog whose time is known. */
export function timedBuilds(
  builds: Iterable<Build>,
  nodes: ReadonlyMap<string, { node: Node }>,
): TimedBuild[] {
  const timed: TimedBuild[] = [];
  for (const { hash, times } of builds) {
    const node = nodes.get(hash)?.node;
    if (times !== undefined && node !== undefined) timed.push({ ...kindOf(node), seconds: times.total });
  }
  return timed;
}

/**
 * Learns from builds whose time is known. An estimate is the median of the nearest
 * builds: the same version and target, the same target, any build of the package, or
 * else packages with the same build system and prefix (`py-`).
 * @returns a function that estimates a build. Undefined: there are no similar builds
 */
export function learnTimes(history: Iterable<TimedBuild>): (build: BuildKind) => TimeEstimate | undefined {
  const groups = new Map<string, number[]>();
  for (const build of history) {
    for (const key of [...historyKeys(build), neighbourKey(build)]) {
      const group = groups.get(key);
      if (group) group.push(build.seconds);
      else groups.set(key, [build.seconds]);
    }
  }
  const medians = new Map<string, number>();
  const medianOf = (key: string, fewest: number): number | undefined => {
    const group = groups.get(key);
    if (group === undefined || group.length < fewest) return undefined;
    const value = medians.get(key) ?? median(group);
    medians.set(key, value);
    return value;
  };
  return (build) => {
    for (const key of historyKeys(build)) {
      const seconds = medianOf(key, 1);
      if (seconds !== undefined) return { seconds, basis: 'history' };
    }
    if (build.buildSystem === '') return undefined;
    const seconds = medianOf(neighbourKey(build), FEWEST_NEIGHBOURS);
    return seconds === undefined ? undefined : { seconds, basis: 'neighbours' };
  };
}

/** Adds up the estimates of builds. */
export function sumTimes(
  builds: Iterable<BuildKind>,
  estimate: (build: BuildKind) => TimeEstimate | undefined,
): TimeSum {
  const sum: TimeSum = { seconds: 0, byNeighbours: 0, unknown: 0 };
  for (const build of builds) {
    const estimated = estimate(build);
    if (estimated === undefined) {
      sum.unknown += 1;
      continue;
    }
    sum.seconds += estimated.seconds;
    if (estimated.basis === 'neighbours') sum.byNeighbours += 1;
  }
  sum.seconds = roundSeconds(sum.seconds);
  return sum;
}

/** Keys of groups for a build, the nearest group first. */
function historyKeys({ name, version, target }: BuildKind): string[] {
  return [`v ${name} ${version} ${target}`, `t ${name} ${target}`, `n ${name}`];
}

function neighbourKey({ name, buildSystem }: BuildKind): string {
  return `s ${buildSystem} ${/^[a-z]+-/.exec(name)?.[0] ?? ''}`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** The shortest and the longest known build time. Undefined: none is known. */
export function timeRange(builds: Iterable<Build>): { shortest: number; longest: number } | undefined {
  const seconds = [...builds].flatMap(({ times }) => times?.total ?? []);
  if (seconds.length === 0) return undefined;
  return { shortest: Math.min(...seconds), longest: Math.max(...seconds) };
}

/** Total seconds of builds whose time is known, and their number. */
export function totalTime(builds: Iterable<Build>): { seconds: number; builds: number } {
  const total = { seconds: 0, builds: 0 };
  for (const { times } of builds) {
    if (!times) continue;
    total.seconds += times.total;
    total.builds += 1;
  }
  return { ...total, seconds: Math.round(total.seconds) };
}

/** An estimate in words: `about 2 h 10 min`, `not known`. */
export function timeText({ seconds, byNeighbours, unknown }: TimeSum, builds: number): string {
  if (unknown === builds) return 'time unknown, because nothing similar was built here';
  const notes = [
    byNeighbours > 0 && `${byNeighbours} estimated from similar packages`,
    unknown > 0 && `${unknown} of ${builds} not known`,
  ].filter(Boolean);
  return `about ${formatDuration(seconds)} of building${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
}
