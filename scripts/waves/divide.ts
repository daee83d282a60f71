import type { BuildLane } from '../../site/schemas/build-request.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { addWave, type Beginning, type Limits, type Part } from './add-wave.ts';
import { readWorkGraph, type Work, type WorkGraph } from './work-graph.ts';

/** A connected part of the work, or several short ones that share a job. */
export interface Job {
  /** From 0. */
  wave: number;
  /** Which wave waits for it; absent: the next one, if there is one. */
  lane?: BuildLane;
  group: string;
  /** What it builds, dependencies first. */
  hashes: DagHash[];
  seconds: number;
}

export interface Division {
  /** Sorted by wave. What a job needs is its own or of a job that its wave has waited for. */
  jobs: Job[];
  /** What has no place in any job, since waves, jobs or hours run out. Sorted. */
  left: DagHash[];
  /** From the first job's start to the last one's end. */
  seconds: number;
}

/** Beginnings that are followed further: so many of each share of the longest chain that is left. */
const SHARES = 24;
const BEST_OF_SHARE = 4;
/**
 * Ends that are tried one after the other, in shares of what no plan can stay below: what is urgent follows from it. Close to
 * each other, since the first that is reached ends the search. Measured with random times, mean and worst of five plans: 1.36
 * and 1.46 with 1.3 and 1.5 alone at the end, 1.34 and 1.38 with these. With them, 40 shares and the best 10 of each reach
 * 1.32 in three times the time, and ten waves instead of eight 1.28.
 */
const TARGETS = [1.1, 1.15, 1.2, 1.25, 1.3, 1.35, 1.4, 1.45, 1.5, Infinity];
/** Lengths of a wave that are tried next to those along the longest chain, as shares of what all that is left takes at least. */
const SHARES_OF_REST = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 1, 1.15];
/** Lengths of a wave that differ by less are one. */
const STEP = 1.03;
const STEP_SECONDS = 5;

/**
 * Divides work over jobs in waves, so that all of it ends early. No node is in two jobs, and a job takes what it needs
 * when it starts, from jobs that have ended: what it takes was checked between them. The same work gives the same division.
 *
 * A wave begins when those jobs of the wave before have ended that are to end within it. Two kinds of jobs do not keep it
 * waiting: a long job, which the wave after the next waits for, and one whose builds no other job needs. Without these, a
 * compiler that takes two hours stops everything that does not need it.
 *
 * How long each wave is, is searched: the lengths that count are those with which one more node of the longest chain finds
 * a place, or a running job ends. Of the beginnings of a division, the best of each progress go on. All of it is tried for
 * ends that are further and further away: a node that can wait for the next wave without missing the end does.
 *
 * What this reaches is in `tests/bench/waves-bench.ts`, next to a bound for any plan whose jobs take from others only at
 * their start (`boundInJobs`).
 *
 * Throws when the work has a cycle or needs a node that it lacks.
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
    const found = searchFor(graph, target, limits);
    if (isBetter(found, best)) best = found;
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

/** The best division found when all of it is to end within `target` seconds. */
function searchFor(graph: WorkGraph, target: number, limits: Limits): Beginning {
  let best = begin(graph, limits);
  let beginnings = best.chain > 0 ? [best] : [];
  for (let wave = 0; wave < limits.waves && beginnings.length > 0; wave += 1) {
    const kept = new Map<number, Beginning[]>();
    for (const next of beginnings.flatMap((one) => continuations(graph, one, target, limits))) {
      if (isBetter(next, best)) best = next;
      if (next.chain === 0) continue;
      const share = Math.floor((next.chain / graph.longestChain) * SHARES);
      const rivals = kept.get(share) ?? [];
      // Several lengths of a wave often give the same jobs.
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

/** All of the work before a part of it; then what ends earlier. Of parts, the one that leaves least. */
function isBetter(one: Beginning, best: Beginning): boolean {
  if ((one.chain === 0) !== (best.chain === 0)) return one.chain === 0;
  return one.chain === 0 ? one.end < best.end : one.rest < best.rest;
}

/** Every division with one wave more that is worth a look. */
function continuations(graph: WorkGraph, beginning: Beginning, target: number, limits: Limits): Beginning[] {
  const { start, lateEnd, chain, rest, readyAt } = beginning;
  const longest = Math.max(chain, rest / limits.runners);
  const gates = [
    ...stepsAlongChain(graph, readyAt).map((length) => start + length),
    ...SHARES_OF_REST.map((share) => start + share * longest),
    ...readyAt.filter((end) => end > start && end < Infinity),
    start + limits.jobSeconds,
  ];
  const found: Beginning[] = [];
  let last = start;
  for (const gate of gates.sort((a, b) => a - b)) {
    if (gate < lateEnd || gate > start + limits.jobSeconds) continue;
    if (last > start && gate - start < (last - start) * STEP + STEP_SECONDS) continue;
    last = gate;
    const next = addWave(graph, beginning, { gate, target }, limits);
    if (next) found.push(next);
  }
  return found;
}

/** For each node of the longest chain without a place: the seconds of it and of all that it needs. */
function stepsAlongChain(graph: WorkGraph, readyAt: Float64Array): number[] {
  const steps: number[] = [];
  const seen = Uint8Array.from(readyAt, (end) => (end < Infinity ? 1 : 0));
  let length = 0;
  for (let node = graph.order.find((one) => seen[one] === 0); node !== undefined;) {
    const open = [node];
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      if (seen[one]) continue;
      seen[one] = 1;
      length += graph.seconds[one] ?? 0;
      open.push(...(graph.needs[one] ?? []));
    }
    steps.push(length);
    node = graph.nextOfChain[node];
  }
  return steps;
}

/** Says which wave waits for each job: as late a one as takes something of it may. */
function nameLanes(graph: WorkGraph, { waves }: Beginning): Job[] {
  return waves.flatMap((parts, wave) =>
    parts.map((part): Job => {
      const job = {
        wave,
        group: part.group,
        hashes: part.nodes.map((node) => graph.hashes[node] ?? ''),
        seconds: part.seconds,
      };
      const lane = wave === waves.length - 1 ? undefined : laneOf(part);
      return lane === undefined ? job : { ...job, lane };
    }),
  );
}

function laneOf({ isNeeded, isLong }: Part): BuildLane | undefined {
  if (!isNeeded) return 'last';
  return isLong ? 'long' : undefined;
}
