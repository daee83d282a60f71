import type { WorkGraph } from './work-graph.ts';

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

/** The nodes of a job. */
export interface Part {
  group: string;
  /** Dependencies first. */
  nodes: number[];
  seconds: number;
  /** Whether another job needs something of it. */
  isNeeded: boolean;
  /** Whether the next wave begins before its end. */
  isLong: boolean;
}

/** Waves that are planned, and what is left. Times are in seconds from the first job's start. */
export interface Beginning {
  /** When other jobs may take each node: the end of its job; Infinity: it has no place yet. */
  readyAt: Float64Array;
  /** When each runner is free. */
  free: Float64Array;
  waves: Part[][];
  /** When the next wave begins. */
  start: number;
  /** The end of the long jobs of the last wave: the wave after the next waits for them. */
  lateEnd: number;
  /** The end of everything that is planned. */
  end: number;
  /** Lower bound of what all takes. */
  bound: number;
  /** Seconds of the longest chain without a place. */
  chain: number;
  /** Seconds of everything without a place. */
  rest: number;
}

/** What one more wave aims at. */
interface Aim {
  /** When the wave after it is to be checked: jobs that end later are long. */
  gate: number;
  /** When everything is to have ended. */
  target: number;
}

/** Shorter jobs of one group and wave are joined: setting up takes as long as what they build. */
const SHORT_JOB_SECONDS = 600;
const LEAST_ROOM_SECONDS = 60;

/** One wave more; undefined when nothing finds a place. */
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
  // The end of what the next wave waits for, and of what the one after it waits for.
  let due = beginning.lateEnd;
  let lateEnd = 0;
  let bound = 0;
  for (const part of parts) {
    const runner = free.indexOf(Math.min(...free));
    const partEnd = Math.max(start, free[runner] ?? 0) + part.seconds;
    free[runner] = partEnd;
    end = Math.max(end, partEnd);
    rest -= part.seconds;
    part.isLong = partEnd > aim.gate;
    if (part.isNeeded && part.isLong) lateEnd = Math.max(lateEnd, partEnd);
    else if (part.isNeeded) due = Math.max(due, partEnd);
    for (const node of part.nodes) {
      readyAt[node] = partEnd;
      bound = Math.max(bound, partEnd);
    }
  }
  const longest = graph.order.find((node) => readyAt[node] === Infinity);
  const chain = longest === undefined ? 0 : (graph.chain[longest] ?? 0);
  // The check needs a runner, too.
  const next = Math.max(due, start, Math.min(...free)) + limits.waveSeconds;
  if (chain > 0) {
    const running = free.reduce((sum, one) => sum + Math.max(one, next), 0);
    bound = Math.max(bound, next + chain, (running + rest) / limits.runners);
  }
  return { readyAt, free, waves: [...waves, parts], start: next, lateEnd, end, bound, chain, rest };
}

/** Grows connected parts of what has no place yet, each with all that it needs and cannot take. */
class Growth {
  readonly #graph: WorkGraph;
  readonly #beginning: Beginning;
  readonly #aim: Aim;
  readonly #limits: Limits;
  readonly #taken: number;
  readonly #partOf: (Part | undefined)[];
  readonly #parts = new Set<Part>();
  /** Runners that are free before the gate, and the seconds that they have up to it. */
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

  /** Nodes that the longest chains wait for have the first choice. */
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

  /** The parts of this wave that build what a node needs; undefined when it cannot be had yet. */
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

  /** Whether a node has its place in this wave: it ends within it, or everything would end too late if it waited. */
  #isWorthIt(node: number, joined: ReadonlySet<Part>): boolean {
    const { gate, target } = this.#aim;
    const { start } = this.#beginning;
    const own = this.#graph.seconds[node] ?? 0;
    let seconds = own;
    for (const part of joined) seconds += part.seconds;
    if (seconds > this.#limits.jobSeconds) {
      // What takes longer than a job may is tried alone.
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

  /** Whether all can end in time when one job builds these, the longest chain first. */
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
    const [part = { group, nodes: [], seconds: 0, isNeeded: false, isLong: false }, ...others] = joined;
    for (const other of others) {
      this.#parts.delete(other);
      for (const one of other.nodes) this.#partOf[one] = part;
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
 * Joins short parts of one group: the longest first, each into the fullest job that has room. Sorted by what waits for
 * them: jobs that others need first, of these the ones with the longest chain.
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
