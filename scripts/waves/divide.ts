import type { BuildLane } from '../../site/schemas/build-request.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { addWave, type Beginning, type Limits } from './add-wave.ts';
import { readWorkGraph, type Work, type WorkGraph } from './work-graph.ts';

/** A connected part of the work, or several short ones that share a job. */
export interface Job {
  /** Number of the wave, from 0. */
  wave: number;
  /** The wave that waits for it (default: the next one, if there is one). */
  lane?: BuildLane;
  group: string;
  /** Hashes that it builds, dependencies first. */
  hashes: DagHash[];
  seconds: number;
}

export interface Division {
  /** Sorted by wave. A job's dependencies are its own builds or of a job that its wave has waited for. */
  jobs: Job[];
  /** Hashes without a job, because waves, jobs or hours ran out. Sorted. */
  left: DagHash[];
  /** Time from the first job's start to the last job's end. */
  seconds: number;
}

/**
 * The search continues `BEST_OF_SHARE` beginnings in each of `SHARES` shares of the remaining longest chain.
 */
const SHARES = 24;
const BEST_OF_SHARE = 4;
/**
 * End times to try in turn, as multiples of the lower bound; the end time decides which nodes are urgent. The
 * values are close together because the search stops at the first that is reached. Measured with random
 * times, mean and worst of five plans: 1.36 and 1.46 with only 1.3 and 1.5 at the end of the list, 1.34 and
 * 1.38 with these. In addition, 40 shares and the best 10 of each reach 1.32 in three times the time; ten waves
 * instead of eight 1.28, twelve or more 1.26. Playing each division that is reached with other times than the
 * estimated ones, and taking the best, gains nothing (1.25, 1.27, 1.54 instead of 1.25, 1.27, 1.53).
 */
const TARGETS = [1.1, 1.15, 1.2, 1.25, 1.3, 1.35, 1.4, 1.45, 1.5, Infinity];
/** Wave lengths to try besides those along the longest chain, as shares of the least time for the rest. */
const SHARES_OF_REST = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 1, 1.15];
/** Wave lengths that differ by less count as equal. */
const STEP = 1.03;
const STEP_SECONDS = 5;

/**
 * Divides work over jobs in waves, so that it ends early. No node is in two jobs. A job takes its
 * dependencies when it starts, from jobs that have ended, so that they can be checked in between. The same
 * work gives the same division.
 *
 * A wave begins when the jobs of the previous wave that should end within it have ended. It does not wait for
 * two kinds of jobs: a long job, for which the wave after the next waits, and a job whose builds no other job
 * needs. Otherwise a compiler that takes two hours would stop everything, even nodes that do not need it.
 *
 * The lengths of the waves are found by a search. Only lengths matter at which one more node of the longest
 * chain fits, or a running job ends. The best beginnings at each progress are continued. The search is
 * repeated for later and later end times: a node that can wait for the next wave without missing the end does
 * so.
 *
 * `tests/bench/waves-bench.ts` compares the results with a bound for any plan whose jobs take from others
 * only at their start (`boundInJobs`).
 *
 * Throws when the work has a cycle or needs a missing node.
 */
export function divideWork(work: Work, limits: Limits): Division {
  const graph = readWorkGraph(work);
  const best = search(graph, limits);
  const left = graph.hashes.filter((_, node) => best.readyAt[node] === Infinity).sort();
  return { jobs: nameLanes(graph, best), left, seconds: best.end };
}

function search(graph: WorkGraph, limits: Limits): Beginning {
  const least = Math.max(graph.longestChain, graph.total / limits.runners);
  let best = begin(graph, limits);
  for (const share of TARGETS) {
    const target = share * least;
    const candidate = searchFor(graph, target, limits);
    if (isBetter(candidate, best)) best = candidate;
    if (best.chain === 0 && best.end <= target) break;
  }
  return best;
}

function begin(graph: WorkGraph, limits: Limits): Beginning {
  return {
    readyAt: new Float64Array(graph.hashes.length).fill(Infinity),
    free: new Float64Array(limits.runners),
    waves: [],
    start: 0,
    lateEnd: 0,
    end: 0,
    bound: 0,
    chain: graph.longestChain,
    rest: graph.total,
  };
}

/** Finds the best division for an end within `target` seconds. */
function searchFor(graph: WorkGraph, target: number, limits: Limits): Beginning {
  let best = begin(graph, limits);
  let beginnings = best.chain > 0 ? [best] : [];
  for (let wave = 0; wave < limits.waves && beginnings.length > 0; wave += 1) {
    const kept = new Map<number, Beginning[]>();
    for (const next of beginnings.flatMap((beginning) => continuations(graph, beginning, target, limits))) {
      if (isBetter(next, best)) best = next;
      if (next.chain === 0) continue;
      const share = Math.floor((next.chain / graph.longestChain) * SHARES);
      const rivals = kept.get(share) ?? [];
      // Different wave lengths often give the same jobs.
      if (
        rivals.some(
          ({ bound, rest, start }) => bound === next.bound && rest === next.rest && start === next.start,
        )
      )
        continue;
      kept.set(
        share,
        [...rivals, next].sort((a, b) => a.bound - b.bound || a.rest - b.rest).slice(0, BEST_OF_SHARE),
      );
    }
    const isWhole = best.chain === 0;
    beginnings = [...kept.values()].flat().filter(({ bound }) => !isWhole || bound < best.end);
  }
  return best;
}

/** Whether one is better: complete before incomplete, then the earlier end, or the smaller rest. */
function isBetter(candidate: Beginning, best: Beginning): boolean {
  if ((candidate.chain === 0) !== (best.chain === 0)) return candidate.chain === 0;
  return candidate.chain === 0 ? candidate.end < best.end : candidate.rest < best.rest;
}

/** Lists promising divisions with one more wave. */
function continuations(graph: WorkGraph, beginning: Beginning, target: number, limits: Limits): Beginning[] {
  const { start, lateEnd, chain, rest, readyAt } = beginning;
  const longest = Math.max(chain, rest / limits.runners);
  const gates = [
    ...stepsAlongChain(graph, readyAt).map((length) => start + length),
    ...SHARES_OF_REST.map((share) => start + share * longest),
    ...readyAt.filter((end) => end > start && end < Infinity),
    start + limits.jobSeconds,
  ];
  const continued: Beginning[] = [];
  let last = start;
  for (const gate of gates.sort((a, b) => a - b)) {
    if (gate < lateEnd || gate > start + limits.jobSeconds) continue;
    if (last > start && gate - start < (last - start) * STEP + STEP_SECONDS) continue;
    last = gate;
    const next = addWave(graph, beginning, { gate, target }, limits);
    if (next) continued.push(next);
  }
  return continued;
}

/** For each node of the longest chain without a job, the seconds of it and all its dependencies. */
function stepsAlongChain(graph: WorkGraph, readyAt: Float64Array): number[] {
  const steps: number[] = [];
  const seen = Uint8Array.from(readyAt, (end) => (end < Infinity ? 1 : 0));
  let length = 0;
  for (let node = graph.order.find((node) => seen[node] === 0); node !== undefined;) {
    const open = [node];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen[next]) continue;
      seen[next] = 1;
      length += graph.seconds[next] ?? 0;
      open.push(...(graph.needs[next] ?? []));
    }
    steps.push(length);
    node = graph.nextOfChain[node];
  }
  return steps;
}

/** Sets the wave that waits for each job: the first that uses one of its builds, so that it delays no other. */
function nameLanes(graph: WorkGraph, { waves }: Beginning): Job[] {
  const waveOf = new Map(
    waves.flatMap((parts, wave) =>
      parts.flatMap(({ nodes }) => nodes.map((node): [number, number] => [node, wave])),
    ),
  );
  return waves.flatMap((parts, wave) =>
    parts.map(({ group, nodes, seconds }): Job => {
      const takers = nodes
        .flatMap((node) => graph.dependents[node] ?? [])
        .filter((node) => !nodes.includes(node))
        .map((node) => waveOf.get(node) ?? Infinity);
      const job = { wave, group, hashes: nodes.map((node) => graph.hashes[node] ?? ''), seconds };
      const lane = wave === waves.length - 1 ? undefined : laneOf(Math.min(Infinity, ...takers) - wave);
      return lane === undefined ? job : { ...job, lane };
    }),
  );
}

/** @param distance how many waves later something is taken of a job */
function laneOf(distance: number): BuildLane | undefined {
  if (distance === Infinity) return 'last';
  return distance > 1 ? 'long' : undefined;
}
