import type { BuildLane } from '../../site/schemas/build-request.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { laneOf, playWaves, type Limits, type Played } from './play-waves.ts';
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

/** A wave for each node, and what follows from it. */
interface Candidate extends Played {
  waveOf: Int32Array;
  /** Seconds to compare it by: its end, and a penalty for what is left. */
  cost: number;
}

/** Longest parts to begin with: each half as long again as the one before. */
const LEAST_PART_SECONDS = 60;
const PART_STEP = 1.5;
const CHANGES_A_NODE = 300;
/** Searches for a division: others follow while the best one takes this many times the least time or more. */
const SEARCHES = 3;
const GOOD_RATIO = 1.2;
const MAX_CHANGES = 120_000;
/** Share of the lower bound by which a change may be worse at first. */
const FIRST_LOSS = 0.02;
/** Weight of the mean start of waves in a comparison of changes: of two that end at the same time, the earlier is better. */
const START_WEIGHT = 0.1;
/** Penalties for work that is left: once, and for each second of it. */
const ANOTHER_RUN_COST = 1_000_000;
const LEFT_COST = 10;
/** Penalty for each job above the limit, in seconds. */
const JOB_COST = 3_600;

/**
 * Divides work over jobs in waves, so that it ends early. No node is in two jobs. A job takes its
 * dependencies when it starts, from jobs that have ended, so that they can be checked in between. The same
 * work gives the same division.
 *
 * A wave begins when the jobs that it waits for have ended. It does not wait for jobs whose builds only a later
 * wave needs (at the latest the third one after theirs waits for them), nor for jobs whose builds no other job
 * needs. Otherwise a compiler that takes two hours would stop everything, even nodes that do not need it.
 *
 * The division is a wave for each node: nodes of one wave that need each other share a job (`playWaves`). The
 * search begins with the best of several simple divisions, and changes it by simulated annealing: a node of a
 * job that others wait for moves to another wave, with the nodes that have to move with it. A change that
 * costs time is kept with a probability that shrinks to zero. Waves that start earlier count a little, since
 * most changes do not move the end.
 *
 * `tests/bench/waves-bench.ts` compares the results with a bound for any plan whose jobs take from others
 * only at their start (`boundInJobs`).
 *
 * Throws when the work has a cycle or needs a missing node.
 */
export function divideWork(work: Work, limits: Limits): Division {
  const graph = readWorkGraph(work);
  const { waveOf, jobs, jobOf, end } = dropJobs(graph, search(graph, limits), limits);
  const last = Math.max(...jobs.map(({ wave }) => wave));
  const hashesOf = Map.groupBy(graph.hashes.keys(), (node) => jobOf[node] ?? -1);
  return {
    jobs: jobs.map((job, number) => {
      const { wave, seconds } = job;
      const group = graph.groupNames[job.group] ?? '';
      const lane = wave === last ? undefined : laneOf(job);
      const hashes = (hashesOf.get(number) ?? []).map((node) => graph.hashes[node] ?? '');
      return { wave, group, hashes, seconds, ...(lane === undefined ? {} : { lane }) };
    }),
    left: graph.hashes.filter((_, node) => waveOf[node] === limits.waves).sort(),
    seconds: end,
  };
}

function search(graph: WorkGraph, limits: Limits): Candidate {
  const least = Math.max(graph.longestChain, graph.total / limits.runners);
  const first = begin(graph, limits);
  let best = first;
  for (let seed = 1; seed <= SEARCHES && best.cost >= least * GOOD_RATIO; seed += 1) {
    const next = anneal(graph, limits, { first, least, random: createRandom(seed) });
    if (next.cost < best.cost) best = next;
  }
  return best;
}

function anneal(
  graph: WorkGraph,
  limits: Limits,
  { first, least, random }: { first: Candidate; least: number; random: () => number },
): Candidate {
  const changes = Math.min(MAX_CHANGES, CHANGES_A_NODE * graph.hashes.length);
  let best = first;
  let current = first;
  for (let change = 0; change < changes && best.cost > least * 1.001; change += 1) {
    const next = judge(graph, changeWaves(graph, current, limits, random), limits);
    if (!next) continue;
    const loss = FIRST_LOSS * least * (1 - change / changes) ** 2;
    if (weigh(next) > weigh(current) - loss * Math.log(1 - random())) continue;
    current = next;
    if (current.cost < best.cost) best = current;
  }
  return best;
}

function weigh({ cost, meanStart }: Candidate): number {
  return cost + START_WEIGHT * meanStart;
}

function judge(graph: WorkGraph, waveOf: Int32Array, limits: Limits): Candidate | undefined {
  const played = playWaves(graph, waveOf, limits);
  if (!played) return undefined;
  let left = 0;
  for (let node = 0; node < waveOf.length; node += 1)
    if (waveOf[node] === limits.waves) left += graph.seconds[node] ?? 0;
  const tooMany = Math.max(0, played.jobs.length - limits.jobs);
  const penalty = left > 0 ? ANOTHER_RUN_COST + LEFT_COST * left : 0;
  return { ...played, waveOf, cost: played.end + penalty + JOB_COST * tooMany };
}

/** Returns the best of the divisions into parts of at most some length. */
function begin(graph: WorkGraph, limits: Limits): Candidate {
  let best: Candidate | undefined;
  for (let length = LEAST_PART_SECONDS; ; length *= PART_STEP) {
    const candidate = judge(
      graph,
      cutIntoParts(graph, { ...limits, jobSeconds: Math.min(length, limits.jobSeconds) }),
      limits,
    );
    if (candidate && (!best || candidate.cost < best.cost)) best = candidate;
    if (length >= limits.jobSeconds) break;
  }
  if (!best) throw new Error('expected a division of the work, found none');
  return best;
}

/** Puts each node in the wave of its dependencies, unless their parts would exceed a limit: then in the next one. */
function cutIntoParts(
  { hashes, seconds, bytes, needs, groups }: WorkGraph,
  { jobSeconds, jobBytes, waves }: Limits,
): Int32Array {
  const waveOf = new Int32Array(hashes.length);
  const parts: { nodes: number[]; seconds: number; bytes: number }[] = [];
  for (const [node, own] of seconds.entries()) {
    const direct = needs[node] ?? [];
    const wave = Math.max(0, ...direct.map((need) => waveOf[need] ?? 0));
    const same = direct.filter((need) => waveOf[need] === wave);
    const joined = [...new Set(same.flatMap((need) => parts[need] ?? []))];
    const total = joined.reduce((sum, part) => sum + part.seconds, own);
    const size = joined.reduce((sum, part) => sum + part.bytes, bytes[node] ?? 0);
    const fits =
      total <= jobSeconds && size <= jobBytes && same.every((need) => groups[need] === groups[node]);
    const part = fits
      ? { nodes: [...joined.flatMap(({ nodes }) => nodes), node], seconds: total, bytes: size }
      : { nodes: [node], seconds: own, bytes: bytes[node] ?? 0 };
    for (const one of part.nodes) parts[one] = part;
    waveOf[node] = Math.min(waves, fits || direct.length === 0 ? wave : wave + 1);
  }
  return waveOf;
}

/** Moves a node by a wave or two, or splits or joins waves there. */
function changeWaves(
  graph: WorkGraph,
  { waveOf, jobOf, deciding }: Candidate,
  limits: Limits,
  random: () => number,
): Int32Array {
  const pick = <T>(list: ArrayLike<T>): T | undefined => list[Math.floor(random() * list.length)];
  const job = random() < 0.9 ? pick(deciding) : undefined;
  const node = pick(job === undefined ? graph.order : graph.order.filter((one) => jobOf[one] === job)) ?? 0;
  const wave = waveOf[node] ?? 0;
  const kind = random();
  const changed = waveOf.slice();
  if (kind < 0.15) {
    const step = kind < 0.1 ? 1 : -1;
    for (const [other, one] of waveOf.entries())
      if (one > wave) changed[other] = Math.min(limits.waves, one + step);
    if (step > 0) moveLater(graph, changed, node, Math.min(limits.waves, wave + 1));
    return changed;
  }
  const distance = random() < 0.8 ? 1 : 2;
  if (random() < 0.5) moveEarlier(graph, changed, node, Math.max(0, wave - distance));
  else moveLater(graph, changed, node, Math.min(limits.waves, wave + distance));
  return changed;
}

/** Moves a node to an earlier wave, and its dependencies that are in later ones. */
function moveEarlier({ needs }: WorkGraph, waveOf: Int32Array, node: number, wave: number): void {
  const open = [node];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if ((waveOf[one] ?? 0) <= wave) continue;
    waveOf[one] = wave;
    open.push(...(needs[one] ?? []));
  }
}

/** Moves a node to a later wave, and its dependents that are in earlier ones. */
function moveLater({ dependents }: WorkGraph, waveOf: Int32Array, node: number, wave: number): void {
  const open = [node];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if ((waveOf[one] ?? 0) >= wave) continue;
    waveOf[one] = wave;
    open.push(...(dependents[one] ?? []));
  }
}

/** Leaves the last jobs above the limit for another run, with all that needs them. */
function dropJobs(graph: WorkGraph, candidate: Candidate, limits: Limits): Candidate {
  let kept = candidate;
  while (kept.jobs.length > limits.jobs) {
    const waveOf = kept.waveOf.slice();
    for (const [node, job] of kept.jobOf.entries())
      if (job >= limits.jobs) moveLater(graph, waveOf, node, limits.waves);
    const next = judge(graph, waveOf, limits);
    if (!next) throw new Error('expected fewer jobs to be a division, too');
    kept = next;
  }
  return kept;
}

/** Creates a stream of numbers from 0 to below 1, always the same: a linear congruential generator. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
