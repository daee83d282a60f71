import type { DagHash } from '../../site/schemas/digest.ts';
import { readWorkGraph } from './work-graph.ts';
import type { Work, WorkGraph } from './work-graph.ts';

export interface Limits {
  /** Jobs that run at the same time. */
  runners: number;
  /** The most waves. */
  waves: number;
  /** The most jobs of all waves together. */
  jobs: number;
  /** How long a job may build. */
  jobSeconds: number;
  /** What crossing from one wave into the next costs: artifacts are checked, jobs are set up. */
  waveSeconds: number;
}

/** A connected part of the work, or several short ones that share a job. */
export interface Job {
  /** From 0. */
  wave: number;
  group: string;
  /** What it builds, dependencies first. */
  hashes: DagHash[];
  seconds: number;
}

export interface Division {
  /** Sorted by wave, the longest of a wave first. What a job needs is its own or of an earlier wave. */
  jobs: Job[];
  /** What has no place in any job, since waves, jobs or hours run out. Sorted. */
  left: DagHash[];
  /** From the first job's start to the last one's end. */
  seconds: number;
}

/** Shorter jobs of one group and wave are joined: setting up takes as long as what they build. */
const SHORT_JOB_SECONDS = 600;
/** Beginnings that are followed further: so many of each share of the longest chain that is left. */
const SHARES = 24;
const BEST_OF_SHARE = 4;
/** Lengths of a wave that are tried beside these, as shares of what all that is left takes at least. */
const SHARES_OF_REST = [0.1, 0.25, 0.5, 1, 1.15];
/** Lengths of a wave that differ by less are one. */
const STEP = 1.03;

/** The nodes of a job. */
interface Part {
  group: string;
  nodes: number[];
  seconds: number;
}

/** Waves that are planned, and what is left. */
interface Beginning {
  /** Whether each node has a place. */
  isPlaced: Uint8Array;
  waves: Part[][];
  seconds: number;
  /** Lower bound of what all takes. */
  bound: number;
  /** Seconds of the longest chain without a place. */
  chain: number;
  /** Seconds of everything without a place. */
  rest: number;
}

/**
 * Divides work over jobs in waves, so that all of it ends early: a wave begins when the one before has ended, and a job
 * takes from earlier waves what it needs. No node is in two jobs. The same work gives the same division.
 *
 * How long each wave is, is searched: the lengths that count are those with which one more node of the longest chain
 * finds a place, together with all that it needs. Of the beginnings of a division, the best of each progress go on.
 * Throws when the work has a cycle or needs a node that it lacks.
 */
export function divideWork(work: Work, limits: Limits): Division {
  const graph = readWorkGraph(work);
  const best = search(graph, limits);
  const jobs = best.waves.flatMap((parts, wave) =>
    parts.map(({ group, nodes, seconds }) => ({
      wave,
      group,
      hashes: nodes.map((node) => graph.hashes[node] ?? ''),
      seconds,
    })),
  );
  const left = graph.hashes.filter((_, node) => best.isPlaced[node] === 0).sort();
  return { jobs, left, seconds: best.seconds };
}

function search(graph: WorkGraph, limits: Limits): Beginning {
  let best: Beginning = {
    isPlaced: new Uint8Array(graph.hashes.length),
    waves: [],
    seconds: 0,
    bound: 0,
    chain: graph.longestChain,
    rest: graph.total,
  };
  let beginnings = [best];
  for (let wave = 0; wave < limits.waves && beginnings.length > 0; wave += 1) {
    const kept = new Map<number, Beginning[]>();
    for (const next of beginnings.flatMap((one) => continuations(graph, one, limits))) {
      if (isBetter(next, best)) best = next;
      if (next.chain === 0) continue;
      const share = Math.floor((next.chain / graph.longestChain) * SHARES);
      const rivals = [...(kept.get(share) ?? []), next];
      kept.set(share, rivals.sort((a, b) => a.bound - b.bound || a.rest - b.rest).slice(0, BEST_OF_SHARE));
    }
    const isWhole = best.chain === 0;
    beginnings = [...kept.values()].flat().filter(({ bound }) => !isWhole || bound < best.seconds);
  }
  return best;
}

/** All of the work before a part of it; then what ends earlier. Of parts, the one that leaves least. */
function isBetter(one: Beginning, best: Beginning): boolean {
  if ((one.chain === 0) !== (best.chain === 0)) return one.chain === 0;
  return one.chain === 0 ? one.seconds < best.seconds : one.rest < best.rest;
}

/** Every division with one wave more that is worth a look. */
function continuations(graph: WorkGraph, beginning: Beginning, limits: Limits): Beginning[] {
  const { isPlaced, chain, rest } = beginning;
  const longest = Math.max(chain, rest / limits.runners);
  const steps = [
    ...stepsAlongChain(graph, isPlaced),
    ...SHARES_OF_REST.map((share) => ({ length: share * longest, nodes: [] })),
    { length: limits.jobSeconds, nodes: [] },
  ].filter(({ length }) => length <= limits.jobSeconds);
  const found: Beginning[] = [];
  let shortest = 0;
  for (const { length, nodes } of steps.sort((a, b) => a.length - b.length)) {
    // The chain alone may lead, or all chains of that length together.
    const orders = nodes.length > 0 ? [graph.order, nodes] : [graph.order];
    if (length < shortest * STEP) continue;
    shortest = length;
    for (const first of orders) {
      const next = addWave(graph, beginning, { length, first }, limits);
      if (next) found.push(next);
    }
  }
  return found;
}

/** For each node of the longest chain: the seconds of all that it needs, and these nodes, dependencies first. */
function stepsAlongChain(graph: WorkGraph, isPlaced: Uint8Array): { length: number; nodes: number[] }[] {
  const steps: { length: number; nodes: number[] }[] = [];
  const seen = isPlaced.slice();
  const nodes: number[] = [];
  let length = 0;
  for (let node = graph.order.find((one) => isPlaced[one] === 0); node !== undefined;) {
    const open = [node];
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      if (seen[one]) continue;
      seen[one] = 1;
      length += graph.seconds[one] ?? 0;
      nodes.push(one);
      open.push(...(graph.needs[one] ?? []));
    }
    // Numbers rise from dependencies to dependents.
    steps.push({ length, nodes: nodes.toSorted((a, b) => a - b) });
    node = graph.nextOfChain[node];
  }
  return steps;
}

/** One wave more, in which no job takes longer than `length`; undefined when nothing finds a place. */
function addWave(
  graph: WorkGraph,
  { isPlaced, waves, seconds, rest: before }: Beginning,
  { length, first }: { length: number; first: readonly number[] },
  limits: Limits,
): Beginning | undefined {
  const used = waves.reduce((sum, parts) => sum + parts.length, 0);
  const grown = growParts(graph, isPlaced, length, first, limits);
  const parts = joinShort(grown, length).slice(0, limits.jobs - used);
  if (parts.length === 0) return undefined;
  const next = isPlaced.slice();
  const runners = new Float64Array(limits.runners);
  let rest = before;
  for (const part of parts) {
    const free = runners.indexOf(Math.min(...runners));
    runners[free] = (runners[free] ?? 0) + part.seconds;
    rest -= part.seconds;
    for (const node of part.nodes) next[node] = 1;
  }
  const crossing = waves.length > 0 ? limits.waveSeconds : 0;
  const end = seconds + crossing + Math.max(...runners);
  const longest = graph.order.find((one) => next[one] === 0);
  const chain = longest === undefined ? 0 : (graph.chain[longest] ?? 0);
  const more = chain === 0 ? 0 : limits.waveSeconds + Math.max(chain, rest / limits.runners);
  return { isPlaced: next, waves: [...waves, parts], seconds: end, bound: end + more, chain, rest };
}

/**
 * Connected parts of what has no place yet, none longer than `length`, each with all that it needs. Nodes of
 * `first` have the first choice, then those with the longest chain that waits for them.
 */
function growParts(
  graph: WorkGraph,
  isPlaced: Uint8Array,
  length: number,
  first: readonly number[],
  limits: Limits,
): Part[] {
  const partOf: (Part | undefined)[] = new Array<undefined>(isPlaced.length).fill(undefined);
  const parts = new Set<Part>();
  let room = length * limits.runners;
  for (const node of first === graph.order ? first : [...first, ...graph.order]) {
    if (isPlaced[node] || partOf[node]) continue;
    const joined = partsNeeded(graph.needs[node] ?? [], isPlaced, partOf);
    const group = graph.groups[node] ?? '';
    const own = graph.seconds[node] ?? 0;
    if (!joined || own > room || [...joined].some((part) => part.group !== group)) continue;
    let seconds = own;
    for (const part of joined) seconds += part.seconds;
    // What takes longer than a job may is tried alone.
    const isAlone = joined.size === 0 && length === limits.jobSeconds;
    if (seconds > length && !isAlone) continue;
    const [part = { group, nodes: [], seconds: 0 }, ...others] = joined;
    for (const other of others) {
      parts.delete(other);
      for (const one of other.nodes) partOf[one] = part;
      part.nodes.push(...other.nodes);
    }
    part.nodes.push(node);
    part.seconds = seconds;
    parts.add(part);
    partOf[node] = part;
    room -= own;
  }
  return [...parts];
}

/** The parts of this wave that build what a node needs; undefined when something of it has no place yet. */
function partsNeeded(
  needs: readonly number[],
  isPlaced: Uint8Array,
  partOf: readonly (Part | undefined)[],
): Set<Part> | undefined {
  const joined = new Set<Part>();
  for (const need of needs) {
    if (isPlaced[need]) continue;
    const part = partOf[need];
    if (!part) return undefined;
    joined.add(part);
  }
  return joined;
}

/** Joins short parts of one group: the longest first, each into the fullest job that has room. Sorted, the longest first. */
function joinShort(parts: readonly Part[], length: number): Part[] {
  const room = Math.min(length, SHORT_JOB_SECONDS);
  const jobs: Part[] = [];
  for (const part of parts.toSorted((a, b) => b.seconds - a.seconds)) {
    const fitting = jobs.filter(
      ({ group, seconds }) => group === part.group && seconds + part.seconds <= room,
    );
    const [job] = fitting.sort((a, b) => b.seconds - a.seconds);
    if (job) {
      job.nodes.push(...part.nodes);
      job.seconds += part.seconds;
    } else jobs.push({ ...part, nodes: [...part.nodes] });
  }
  return jobs.sort((a, b) => b.seconds - a.seconds);
}
