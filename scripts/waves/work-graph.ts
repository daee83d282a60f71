import type { DagHash } from '../../site/schemas/digest.ts';

/** A node to build. */
export interface WorkNode {
  /** Build time without its dependencies. */
  seconds: number;
  /** Size of its installed files (default: 0). */
  bytes?: number;
  /** Its direct dependencies that are also to be built. */
  needs: readonly DagHash[];
  /** Nodes of different groups never share a job: machine or configuration of Spack differ. */
  group: string;
}

export type Work = ReadonlyMap<DagHash, WorkNode>;

/** Work with nodes as numbers instead of hashes, dependencies first. */
export interface WorkGraph {
  hashes: DagHash[];
  /** The number of each node. */
  numbers: Int32Array;
  seconds: Float64Array;
  bytes: Float64Array;
  needs: number[][];
  dependents: number[][];
  /** Group of each node, a place in `groupNames`. */
  groups: number[];
  groupNames: string[];
  /** Seconds of the longest chain of dependents that starts with each node, including itself. */
  chain: Float64Array;
  /** Nodes by decreasing length of chain, dependencies first. */
  order: number[];
  longestChain: number;
  /** Total seconds. */
  total: number;
}

/** Minimum build time: chains need an order. */
const LEAST_SECONDS = 0.1;

/** Numbers the nodes. Throws on a cycle or a missing node. */
export function readWorkGraph(work: Work): WorkGraph {
  const hashes = sortByNeeds(work);
  const numbers = new Map(hashes.map((hash, number) => [hash, number]));
  const nodes = hashes.flatMap((hash) => work.get(hash) ?? []);
  const needs = nodes.map((node) => [...new Set(node.needs)].flatMap((need) => numbers.get(need) ?? []));
  const dependents: number[][] = hashes.map(() => []);
  for (const [node, list] of needs.entries()) for (const need of list) dependents[need]?.push(node);
  const seconds = Float64Array.from(nodes, (node) => Math.max(LEAST_SECONDS, node.seconds));
  const bytes = Float64Array.from(nodes, (node) => node.bytes ?? 0);
  const chain = seconds.slice();
  for (let node = hashes.length - 1; node >= 0; node -= 1) {
    for (const need of needs[node] ?? [])
      chain[need] = Math.max(chain[need] ?? 0, (seconds[need] ?? 0) + (chain[node] ?? 0));
  }
  const order = [...hashes.keys()].sort((a, b) => (chain[b] ?? 0) - (chain[a] ?? 0) || a - b);
  const total = seconds.reduce((sum, time) => sum + time, 0);
  const longestChain = chain[order[0] ?? -1] ?? 0;
  const groupNames = [...new Set(nodes.map(({ group }) => group))];
  const groups = nodes.map(({ group }) => groupNames.indexOf(group));
  const ids = Int32Array.from(hashes.keys());
  return {
    hashes,
    numbers: ids,
    seconds,
    bytes,
    needs,
    dependents,
    groups,
    groupNames,
    chain,
    order,
    longestChain,
    total,
  };
}

function sortByNeeds(work: Work): DagHash[] {
  const waiting = new Map<DagHash, number>();
  const dependents = new Map<DagHash, DagHash[]>([...work.keys()].map((hash) => [hash, []]));
  for (const [hash, { needs }] of work) {
    waiting.set(hash, new Set(needs).size);
    for (const need of new Set(needs)) {
      const list = dependents.get(need);
      if (!list) throw new Error(`the work lacks the node ${need}, which ${hash} needs`);
      list.push(hash);
    }
  }
  const sorted = [...work.keys()].filter((hash) => waiting.get(hash) === 0).sort();
  for (const hash of sorted) {
    for (const dependent of dependents.get(hash) ?? []) {
      const left = (waiting.get(dependent) ?? 0) - 1;
      waiting.set(dependent, left);
      if (left === 0) sorted.push(dependent);
    }
  }
  if (sorted.length < work.size) throw new Error('the nodes to build need each other in a cycle');
  return sorted;
}
