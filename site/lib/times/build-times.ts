import { BuildTimes, type Build } from '../../schemas/build.ts';
import { targetOf, type Node } from '../../schemas/node.ts';
import { formatDuration } from '../format.ts';

/** How long builds took, and what that says of builds to come. */

/** Shorter phases are left out of what is kept, in seconds. */
const SHORTEST = 0.1;
/** Fewer neighbours say nothing. */
const FEWEST_NEIGHBOURS = 3;

/** What an estimate looks at. */
export interface BuildKind {
  name: string;
  version: string;
  /** Microarchitecture. */
  target: string;
  /** `cmake`, `autotools`, `python_pip` …; empty: not known. */
  buildSystem: string;
}

/** A build that took so many seconds. */
export interface TimedBuild extends BuildKind {
  seconds: number;
}

/** How long a build probably takes, and by what: builds of its package, or of packages that build as it does. */
export interface TimeEstimate {
  seconds: number;
  basis: 'history' | 'neighbours';
}

/** How long several builds take one after the other. */
export interface TimeSum {
  /** Of those with an estimate. */
  seconds: number;
  /** Those of them whose estimate is by neighbours alone. */
  byNeighbours: number;
  /** Builds without an estimate. */
  unknown: number;
}

/** The times of a build as they are kept: in tenths of a second. Undefined for what cannot be times. */
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

/** What an estimate looks at in a node. */
export function kindOf(node: Node): BuildKind {
  return { name: node.name, version: node.version, target: targetOf(node), buildSystem: buildSystemOf(node) };
}

/** The node's `build_system` variant; empty: it has none. */
export function buildSystemOf({ parameters }: Pick<Node, 'parameters'>): string {
  const value = parameters['build_system'];
  return Array.isArray(value) ? value.join() : typeof value === 'string' ? value : '';
}

/** The builds of a catalog whose time is known. */
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
 * Learns from builds whose time is known. An estimate is the median of the nearest: the same version and target, the
 * same target, any build of the package; else of packages with the same build system and the same prefix (`py-`).
 * @returns the estimate for a build; undefined: nothing is near
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
    const known = medians.get(key) ?? median(group);
    medians.set(key, known);
    return known;
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

/** Adds up what builds probably take. */
export function sumTimes(
  builds: Iterable<BuildKind>,
  estimate: (build: BuildKind) => TimeEstimate | undefined,
): TimeSum {
  const sum: TimeSum = { seconds: 0, byNeighbours: 0, unknown: 0 };
  for (const build of builds) {
    const found = estimate(build);
    if (found === undefined) {
      sum.unknown += 1;
      continue;
    }
    sum.seconds += found.seconds;
    if (found.basis === 'neighbours') sum.byNeighbours += 1;
  }
  sum.seconds = roundSeconds(sum.seconds);
  return sum;
}

/** The nearest first. */
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

/** The shortest and the longest of builds whose time is known; undefined: of none it is. */
export function timeRange(builds: Iterable<Build>): { shortest: number; longest: number } | undefined {
  const seconds = [...builds].flatMap(({ times }) => times?.total ?? []);
  if (seconds.length === 0) return undefined;
  return { shortest: Math.min(...seconds), longest: Math.max(...seconds) };
}

/** Seconds of all builds whose time is known, and how many those are. */
export function totalTime(builds: Iterable<Build>): { seconds: number; builds: number } {
  const total = { seconds: 0, builds: 0 };
  for (const { times } of builds) {
    if (!times) continue;
    total.seconds += times.total;
    total.builds += 1;
  }
  return { ...total, seconds: Math.round(total.seconds) };
}

/** An estimate in words for people: `about 2 h 10 min`, `not known`. */
export function timeText({ seconds, byNeighbours, unknown }: TimeSum, builds: number): string {
  if (unknown === builds) return 'how long is not known, nothing like it was built here';
  const notes = [
    byNeighbours > 0 && `${byNeighbours} by packages that build alike`,
    unknown > 0 && `${unknown} of ${builds} not known`,
  ].filter(Boolean);
  return `about ${formatDuration(seconds)} of building${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
}
