import { LANES, type BuildLane } from '../../site/schemas/build-request.ts';
import type { WorkGraph } from './work-graph.ts';

export interface Limits {
  /** Jobs that run at the same time. */
  runners: number;
  /** Maximum number of waves. */
  waves: number;
  /** Maximum number of jobs in all waves together. */
  jobs: number;
  /** Maximum build time of a job. */
  jobSeconds: number;
  /** Maximum size of the files that a job installs, since its disk is limited. */
  jobBytes: number;
  /** Time between one wave and the next, to check artifacts and to set up jobs. */
  waveSeconds: number;
}

/** A job: a connected part of the work, or several short ones. */
export interface PlayedJob {
  /** Number of the wave, from 0. Waves without jobs do not count. */
  wave: number;
  /** First wave that uses one of its builds; Infinity for none. */
  due: number;
  group: number;
  seconds: number;
  bytes: number;
}

/** The jobs that follow from the waves of nodes, and the time that they take. */
export interface Played {
  jobs: PlayedJob[];
  /** Number of each node's job; -1 for none. */
  jobOf: Int32Array;
  /** Time from the first job's start to the last job's end. */
  end: number;
  /** Mean start of the waves. */
  meanStart: number;
  /** Numbers of the jobs that decide when a wave starts, and when everything ends. */
  deciding: number[];
}

/** Nodes of one wave that need each other; a job's first part becomes the job. */
interface Part extends PlayedJob {
  job: number;
}

/** Shorter jobs of one group and wave are joined: their setup takes as long as their builds. */
const SHORT_JOB_SECONDS = 600;
const LEAST_ROOM_SECONDS = 60;

/** Returns the lane of a job: the last wave that still comes before its builds are used waits for it. */
export function laneOf({ wave, due }: Pick<PlayedJob, 'wave' | 'due'>): BuildLane | undefined {
  if (due === Infinity) return 'last';
  if (due >= wave + LANES.longer) return 'longer';
  return due >= wave + LANES.long ? 'long' : undefined;
}

/**
 * Simulates the jobs that follow from a wave for each node: nodes of one wave that need each other share a
 * job. Nodes whose wave is `limits.waves` are left out.
 * @returns undefined when a job would have two groups, or exceed a limit
 */
export function playWaves(graph: WorkGraph, waveOf: Int32Array, limits: Limits): Played | undefined {
  const partOf = composeParts(graph, waveOf, limits);
  if (!partOf) return undefined;
  const byWave = Array.from({ length: limits.waves }, (): Part[] => []);
  // Of these nodes, the one with the longest chain comes first.
  for (const node of graph.order) {
    const part = partOf[node];
    if (!part || part.job >= 0) continue;
    part.job = 0;
    byWave[part.wave]?.push(part);
  }
  let wave = 0;
  const ranks = byWave.map(({ length }) => (length > 0 ? wave++ : wave));
  const jobs: Part[] = [];
  const starts: number[] = [];
  for (const parts of byWave) {
    if (parts.length === 0) continue;
    starts.push(jobs.length);
    for (const part of parts) {
      part.wave = ranks[part.wave] ?? 0;
      part.due = ranks[part.due] ?? Infinity;
    }
    joinShort(parts, jobs, limits.jobBytes);
  }
  const jobOf = new Int32Array(waveOf.length);
  for (let node = 0; node < jobOf.length; node += 1) jobOf[node] = partOf[node]?.job ?? -1;
  return { jobs, jobOf, ...playJobs(jobs, starts, limits) };
}

/** Returns the part of each node; undefined when a part would have two groups, or exceed a limit. */
function composeParts(
  { numbers, seconds, bytes, needs, groups }: WorkGraph,
  waveOf: Int32Array,
  { waves, jobSeconds, jobBytes }: Limits,
): (Part | undefined)[] | undefined {
  const nearer = numbers.slice();
  const dues = new Float64Array(waveOf.length).fill(Infinity);
  for (let node = 0; node < waveOf.length; node += 1) {
    const wave = waveOf[node] ?? 0;
    if (wave >= waves) continue;
    for (const need of needs[node] ?? []) {
      if (waveOf[need] === wave) {
        if (groups[need] !== groups[node]) return undefined;
        const one = firstOf(nearer, node);
        const other = firstOf(nearer, need);
        if (one < other) nearer[other] = one;
        else nearer[one] = other;
      } else if (wave < (dues[need] ?? 0)) dues[need] = wave;
    }
  }
  const partOf = new Array<Part | undefined>(waveOf.length);
  for (let node = 0; node < waveOf.length; node += 1) {
    const wave = waveOf[node] ?? 0;
    if (wave >= waves) continue;
    const due = dues[node] ?? Infinity;
    const part = partOf[firstOf(nearer, node)];
    if (!part) {
      const sizes = { seconds: seconds[node] ?? 0, bytes: bytes[node] ?? 0 };
      partOf[node] = { group: groups[node] ?? 0, wave, due, ...sizes, job: -1 };
      continue;
    }
    partOf[node] = part;
    part.seconds += seconds[node] ?? 0;
    part.bytes += bytes[node] ?? 0;
    if (due < part.due) part.due = due;
    // A node that alone exceeds a limit is tried alone.
    if (part.seconds > jobSeconds || part.bytes > jobBytes) return undefined;
  }
  return partOf;
}

/** Finds the first node of the set of joined nodes that has this one, and shortens the way to it. */
function firstOf(nearer: Int32Array, node: number): number {
  let first = node;
  for (let next = nearer[first] ?? 0; next !== first; next = nearer[first] ?? 0) {
    nearer[first] = nearer[next] ?? 0;
    first = next;
  }
  return first;
}

/**
 * Adds the jobs of a wave: first those that others need, and of these first the ones with the longest chain,
 * as the parts are sorted. Joins short parts of one group that the same wave waits for.
 */
function joinShort(parts: readonly Part[], jobs: Part[], jobBytes: number): void {
  let longest = LEAST_ROOM_SECONDS;
  for (const part of parts) if (laneOf(part) === undefined) longest = Math.max(longest, part.seconds);
  const open: (Part | undefined)[] = [];
  for (const isLast of [false, true]) {
    for (const part of parts) {
      if ((part.due === Infinity) !== isLast) continue;
      const lane = laneOf(part);
      const room = lane === undefined ? Math.min(SHORT_JOB_SECONDS, longest) : SHORT_JOB_SECONDS;
      const place = part.group * 4 + (isLast ? 0 : Math.min(LANES.longer, part.due - part.wave));
      const job = part.seconds < room ? open[place] : undefined;
      if (job && job.seconds + part.seconds <= room && job.bytes + part.bytes <= jobBytes) {
        part.job = job.job;
        job.seconds += part.seconds;
        job.bytes += part.bytes;
        job.due = Math.min(job.due, part.due);
        continue;
      }
      part.job = jobs.length;
      jobs.push(part);
      if (part.seconds < room) open[place] = part;
    }
  }
}

/** Runs the jobs in order, each on the first free runner. @param starts numbers of the waves' first jobs */
function playJobs(
  jobs: readonly PlayedJob[],
  starts: readonly number[],
  limits: Limits,
): Pick<Played, 'end' | 'meanStart' | 'deciding'> {
  const free = new Float64Array(limits.runners);
  const deciding: number[] = [];
  /** For each wave, the job that ends last of those that it waits for, and its end. */
  const awaited = new Int32Array(starts.length).fill(-1);
  const dueEnds = new Float64Array(starts.length);
  let [last, end, start, starting] = [-1, 0, 0, 0];
  for (let wave = 0; wave < starts.length; wave += 1) {
    if (wave > 0) {
      // The check of the artifacts needs a runner, too.
      start = Math.max(start, free[firstFree(free)] ?? 0);
      const [job = -1, dueEnd = 0] = [awaited[wave], dueEnds[wave]];
      if (job >= 0 && dueEnd >= start) deciding.push(job);
      start = Math.max(start, dueEnd) + limits.waveSeconds;
      starting += start;
    }
    for (let job = starts[wave] ?? 0; job < (starts[wave + 1] ?? jobs.length); job += 1) {
      const { seconds = 0, due = 0 } = jobs[job] ?? {};
      const runner = firstFree(free);
      const ends = Math.max(start, free[runner] ?? 0) + seconds;
      free[runner] = ends;
      if (ends > end) [last, end] = [job, ends];
      if (due === Infinity) continue;
      const waits = Math.min(due, wave + LANES.longer);
      if (ends <= (dueEnds[waits] ?? 0)) continue;
      dueEnds[waits] = ends;
      awaited[waits] = job;
    }
  }
  if (last >= 0) deciding.push(last);
  return { end, meanStart: starting / Math.max(1, starts.length), deciding };
}

function firstFree(free: Float64Array): number {
  let first = 0;
  for (let runner = 1; runner < free.length; runner += 1)
    if ((free[runner] ?? 0) < (free[first] ?? 0)) first = runner;
  return first;
}
