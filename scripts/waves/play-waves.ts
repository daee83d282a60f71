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
  /** Time between one wave and the next, to check artifacts and to set up jobs. */
  waveSeconds: number;
}

/** The nodes of a job. */
export interface Part {
  group: string;
  /** Number of the wave, from 0. */
  wave: number;
  /** First wave that uses one of its builds; Infinity for none. */
  due: number;
  /** Dependencies first. */
  nodes: number[];
  seconds: number;
  /** Seconds of the longest chain of dependents that starts in it. */
  chain: number;
}

/** The jobs that follow from the waves of nodes, and the time that they take. */
export interface Played {
  parts: Part[];
  /** Time from the first job's start to the last job's end. */
  end: number;
  /** Parts that decide when a wave starts, and when everything ends. */
  deciding: Part[];
}

/** Shorter jobs of one group and wave are joined: their setup takes as long as their builds. */
const SHORT_JOB_SECONDS = 600;
const LEAST_ROOM_SECONDS = 60;

/**
 * Simulates the jobs that follow from a wave for each node: nodes of one wave that need each other share a
 * job. Nodes whose wave is `limits.waves` are left out.
 * @returns undefined when a job would have two groups, or exceed its time limit
 */
export function playWaves(graph: WorkGraph, waveOf: Int32Array, limits: Limits): Played | undefined {
  const composed = composeParts(graph, waveOf, limits);
  if (!composed) return undefined;
  const byWave = Array.from({ length: limits.waves }, (): Part[] => []);
  for (const part of composed) byWave[part.wave]?.push(part);
  // Waves without jobs do not count.
  let wave = 0;
  const ranks = byWave.map(({ length }) => (length > 0 ? wave++ : wave));
  const waves: Part[][] = [];
  for (const parts of byWave) {
    if (parts.length === 0) continue;
    for (const part of parts) {
      part.wave = ranks[part.wave] ?? 0;
      part.due = ranks[part.due] ?? Infinity;
    }
    waves.push(joinShort(parts));
  }
  return { parts: waves.flat(), ...playParts(waves, limits) };
}

function composeParts(graph: WorkGraph, waveOf: Int32Array, limits: Limits): Part[] | undefined {
  const { seconds, dependents, groups, chain } = graph;
  const nearer = joinNodes(graph, waveOf, limits.waves);
  if (!nearer) return undefined;
  const parts = new Map<number, Part>();
  for (const [node, wave] of waveOf.entries()) {
    if (wave >= limits.waves) continue;
    const first = firstOf(nearer, node);
    let part = parts.get(first);
    if (!part) {
      part = { group: groups[node] ?? '', wave, due: Infinity, nodes: [], seconds: 0, chain: 0 };
      parts.set(first, part);
    }
    part.nodes.push(node);
    part.seconds += seconds[node] ?? 0;
    part.chain = Math.max(part.chain, chain[node] ?? 0);
    for (const dependent of dependents[node] ?? []) {
      const other = waveOf[dependent] ?? 0;
      if (other > wave && other < limits.waves && other < part.due) part.due = other;
    }
    // A node that takes longer than the limit of a job is tried alone.
    if (part.seconds > limits.jobSeconds && part.nodes.length > 1) return undefined;
  }
  return [...parts.values()];
}

/** Joins nodes of one wave that need each other. Undefined when their groups differ. */
function joinNodes({ needs, groups }: WorkGraph, waveOf: Int32Array, waves: number): Int32Array | undefined {
  const nearer = Int32Array.from(waveOf.keys());
  for (const [node, wave] of waveOf.entries()) {
    for (const need of needs[node] ?? []) {
      if (waveOf[need] !== wave || wave >= waves) continue;
      if (groups[need] !== groups[node]) return undefined;
      const [one, other] = [firstOf(nearer, node), firstOf(nearer, need)];
      nearer[Math.max(one, other)] = Math.min(one, other);
    }
  }
  return nearer;
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
 * Sorts the parts of a wave: those that others need first, and of these the ones with the longest chain. Joins
 * short parts of one group that the same wave waits for.
 */
function joinShort(parts: Part[]): Part[] {
  let longest = LEAST_ROOM_SECONDS;
  for (const part of parts) if (laneOf(part) === undefined) longest = Math.max(longest, part.seconds);
  const open = new Map<string, Part>();
  const jobs: Part[] = [];
  const isLast = ({ due }: Part) => Number(due === Infinity);
  for (const part of parts.sort((a, b) => isLast(a) - isLast(b) || b.chain - a.chain)) {
    const lane = laneOf(part);
    const room = lane === undefined ? Math.min(SHORT_JOB_SECONDS, longest) : SHORT_JOB_SECONDS;
    const key = `${lane ?? ''} ${part.group}`;
    const job = open.get(key);
    if (job && job.seconds + part.seconds <= room) {
      job.nodes.push(...part.nodes);
      job.seconds += part.seconds;
      job.due = Math.min(job.due, part.due);
      continue;
    }
    jobs.push(part);
    if (part.seconds < room) open.set(key, part);
  }
  return jobs;
}

/** Returns the wave that waits for a part: the wave after the next, none, or if undefined the next one. */
export function laneOf({ wave, due }: Pick<Part, 'wave' | 'due'>): 'long' | 'last' | undefined {
  if (due === Infinity) return 'last';
  return due > wave + 1 ? 'long' : undefined;
}

function playParts(waves: readonly (readonly Part[])[], limits: Limits): Omit<Played, 'parts'> {
  const free = new Float64Array(limits.runners);
  const deciding: Part[] = [];
  /** The part that ends last of those that each wave waits for, and its end. */
  const awaited: { part: Part; end: number }[] = [];
  let last: { part: Part; end: number } | undefined;
  let start = 0;
  for (const [wave, parts] of waves.entries()) {
    if (wave > 0) {
      // The check of the artifacts needs a runner, too.
      const runner = free[firstFree(free)] ?? 0;
      const due = awaited[wave];
      if (due && due.end >= Math.max(start, runner)) deciding.push(due.part);
      start = Math.max(start, runner, due?.end ?? 0) + limits.waveSeconds;
    }
    for (const part of parts) {
      const runner = firstFree(free);
      const end = Math.max(start, free[runner] ?? 0) + part.seconds;
      free[runner] = end;
      if (!last || end > last.end) last = { part, end };
      if (part.due === Infinity) continue;
      const due = Math.min(part.due, wave + 2);
      if (end > (awaited[due]?.end ?? 0)) awaited[due] = { part, end };
    }
  }
  if (last) deciding.push(last.part);
  return { end: last?.end ?? 0, deciding };
}

function firstFree(free: Float64Array): number {
  let first = 0;
  for (let runner = 1; runner < free.length; runner += 1)
    if ((free[runner] ?? 0) < (free[first] ?? 0)) first = runner;
  return first;
}
