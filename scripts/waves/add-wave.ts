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
  /** Dependencies first. */
  nodes: number[];
  seconds: number;
  /** Whether another job needs one of its builds. */
  isNeeded: boolean;
}

/** Beginning of a division: planned waves, and the rest. Times are in seconds from the first job's start. */
export interface Beginning {
  /** Time at which other jobs can use each node: the end of its job, or Infinity for a node without a job. */
  readyAt: Float64Array;
  /** Time at which each runner is free. */
  free: Float64Array;
  waves: Part[][];
  /** Start of the next wave. */
  start: number;
  /** End of the long jobs of the last wave, for which the wave after the next waits. */
  lateEnd: number;
  /** End of all planned jobs. */
  end: number;
  /** Lower bound of the total time. */
  bound: number;
  /** Seconds of the longest chain of nodes without a job. */
  chain: number;
  /** Seconds of all nodes without a job. */
  rest: number;
}

/** Goals for the next wave. */
interface Aim {
  /** Time to check the artifacts for the wave after it: jobs that end later are long. */
  gate: number;
  /** Time at which everything should have ended. */
  target: number;
}

/** Shorter jobs of one group and wave are joined: their setup takes as long as their builds. */
const SHORT_JOB_SECONDS = 600;
const LEAST_ROOM_SECONDS = 60;

/** Adds one wave; undefined when it would have no job. */
export function addWave(
  graph: WorkGraph,
  beginning: Beginning,
  aim: Aim,
  limits: Limits,
): Beginning | undefined {
  const { start, waves } = beginning;
  const used = waves.reduce((sum, parts) => sum + parts.length, 0);
  const grown = new Growth(graph, beginning, aim, limits).grow();
  const parts = joinShort(graph, grown, aim.gate - start).slice(0, limits.jobs - used);
  if (parts.length === 0) return undefined;
  const readyAt = beginning.readyAt.slice();
  const free = beginning.free.slice();
  let { rest, end } = beginning;
  // Ends of the jobs that the next wave waits for, and of those that the wave after it waits for.
  let due = beginning.lateEnd;
  let lateEnd = 0;
  let bound = 0;
  for (const part of parts) {
    const runner = free.indexOf(Math.min(...free));
    const partEnd = Math.max(start, free[runner] ?? 0) + part.seconds;
    free[runner] = partEnd;
    end = Math.max(end, partEnd);
    rest -= part.seconds;
    if (part.isNeeded && partEnd > aim.gate) lateEnd = Math.max(lateEnd, partEnd);
    else if (part.isNeeded) due = Math.max(due, partEnd);
    for (const node of part.nodes) {
      readyAt[node] = partEnd;
      bound = Math.max(bound, partEnd);
    }
  }
  const longest = graph.order.find((node) => readyAt[node] === Infinity);
  const chain = longest === undefined ? 0 : (graph.chain[longest] ?? 0);
  // The check of the artifacts needs a runner, too.
  const next = Math.max(due, start, Math.min(...free)) + limits.waveSeconds;
  if (chain > 0) {
    const running = free.reduce((sum, seconds) => sum + Math.max(seconds, next), 0);
    bound = Math.max(bound, next + chain, (running + rest) / limits.runners);
  }
  return { readyAt, free, waves: [...waves, parts], start: next, lateEnd, end, bound, chain, rest };
}

/** Grows connected parts of nodes without a job, each with all dependencies that no earlier job provides. */
class Growth {
  readonly #graph: WorkGraph;
  readonly #beginning: Beginning;
  readonly #aim: Aim;
  readonly #limits: Limits;
  readonly #taken: number;
  readonly #partOf: (Part | undefined)[];
  readonly #parts = new Set<Part>();
  /** Number of runners that are free before the gate, and their total seconds until then. */
  readonly #runners: number;
  #room: number;

  constructor(graph: WorkGraph, beginning: Beginning, aim: Aim, limits: Limits) {
    this.#graph = graph;
    this.#beginning = beginning;
    this.#aim = aim;
    this.#limits = limits;
    this.#taken = beginning.start - limits.waveSeconds;
    this.#partOf = new Array<Part | undefined>(graph.hashes.length).fill(undefined);
    const { free, start } = beginning;
    this.#runners = free.filter((end) => end <= aim.gate).length;
    this.#room = free.reduce((sum, end) => sum + Math.max(0, aim.gate - Math.max(start, end)), 0);
  }

  /** Places nodes in the order of the chains that wait for them, the longest first. */
  grow(): Part[] {
    for (const node of this.#graph.order) {
      if (this.#beginning.readyAt[node] !== Infinity) continue;
      const joined = this.#partsNeeded(node);
      if (joined && this.#isWorthIt(node, joined)) this.#join(node, joined);
    }
    for (const part of this.#parts) {
      part.isNeeded = part.nodes.some((node) =>
        this.#graph.dependents[node]?.some((dependent) => this.#partOf[dependent] !== part),
      );
    }
    return [...this.#parts];
  }

  /** Parts of this wave that build a node's dependencies; undefined when those are not available yet. */
  #partsNeeded(node: number): Set<Part> | undefined {
    const joined = new Set<Part>();
    for (const need of this.#graph.needs[node] ?? []) {
      if ((this.#beginning.readyAt[need] ?? Infinity) <= this.#taken) continue;
      const part = this.#partOf[need];
      if (!part || part.group !== this.#graph.groups[node]) return undefined;
      joined.add(part);
    }
    return joined;
  }

  /** Whether a node belongs in this wave: it ends within it, or waiting would delay the end of everything. */
  #isWorthIt(node: number, joined: ReadonlySet<Part>): boolean {
    const { gate, target } = this.#aim;
    const { start } = this.#beginning;
    const own = this.#graph.seconds[node] ?? 0;
    let seconds = own;
    for (const part of joined) seconds += part.seconds;
    if (seconds > this.#limits.jobSeconds) {
      // A node that takes longer than the limit of a job is tried alone.
      return joined.size === 0 && gate >= start + this.#limits.jobSeconds;
    }
    if (start + seconds <= gate) return own <= this.#room;
    const after = (this.#graph.chain[node] ?? 0) - own;
    let needed = gate;
    for (const part of joined) needed = Math.max(needed, start + part.seconds);
    const waiting = needed + this.#limits.waveSeconds + own;
    if (start + seconds >= waiting || waiting + after <= target) return false;
    if (joined.size === 0) return this.#parts.size < this.#runners;
    return joined.size === 1 || this.#mayShare([...joined].flatMap(({ nodes }) => nodes));
  }

  /** Whether everything can end in time if one job builds these nodes, the longest chain first. */
  #mayShare(nodes: readonly number[]): boolean {
    const { chain, seconds } = this.#graph;
    let end = this.#beginning.start;
    for (const node of nodes.toSorted((a, b) => (chain[b] ?? 0) - (chain[a] ?? 0) || a - b)) {
      if (end + (chain[node] ?? 0) > this.#aim.target) return false;
      end += seconds[node] ?? 0;
    }
    return true;
  }

  #join(node: number, joined: ReadonlySet<Part>): void {
    const own = this.#graph.seconds[node] ?? 0;
    const group = this.#graph.groups[node] ?? '';
    const [part = { group, nodes: [], seconds: 0, isNeeded: false }, ...others] = joined;
    for (const other of others) {
      this.#parts.delete(other);
      for (const node of other.nodes) this.#partOf[node] = part;
      part.nodes.push(...other.nodes);
      part.seconds += other.seconds;
    }
    part.nodes.push(node);
    part.seconds += own;
    this.#parts.add(part);
    this.#partOf[node] = part;
    this.#room -= own;
  }
}

/**
 * Joins short parts of one group: the longest first, each into the fullest job that has room. Sorts the jobs
 * by urgency: those that others need first, and of these the ones with the longest chain.
 */
function joinShort(graph: WorkGraph, parts: readonly Part[], length: number): Part[] {
  const room = Math.min(SHORT_JOB_SECONDS, Math.max(LEAST_ROOM_SECONDS, length));
  const jobs: Part[] = [];
  for (const part of parts.toSorted((a, b) => b.seconds - a.seconds)) {
    const fitting = jobs.filter(
      ({ group, seconds }) => group === part.group && seconds + part.seconds <= room,
    );
    const [job] = fitting.sort((a, b) => b.seconds - a.seconds);
    if (job) {
      job.nodes.push(...part.nodes);
      job.seconds += part.seconds;
      job.isNeeded ||= part.isNeeded;
    } else jobs.push({ ...part, nodes: [...part.nodes] });
  }
  const urgency = new Map(
    jobs.map((job) => [job, Math.max(...job.nodes.map((node) => graph.chain[node] ?? 0))]),
  );
  return jobs.sort(
    (a, b) =>
      Number(b.isNeeded) - Number(a.isNeeded) ||
      (urgency.get(b) ?? 0) - (urgency.get(a) ?? 0) ||
      b.seconds - a.seconds,
  );
}
