import type { Graph } from '../../schemas/graph.ts';

/** Number of nodes per file in `/data/graph/`. One file is enough for a typical cache. */
export const NODES_PER_FILE = 5_000;

/** Bits for the uses of an edge in a DAG. */
export const USE = { build: 1, link: 2, run: 4, test: 8 } as const;

/** An edge for drawing. */
export interface GraphEdge {
  to: number;
  /** Sum of bits of `USE`. */
  uses: number;
}

/** Direct dependencies of each node that the root reaches; empty for other nodes. */
export function readEdges({ edges }: Graph, runtime: boolean): GraphEdge[][] {
  const read = edges.map((flat) =>
    flat
      .flatMap((to, index) => (index % 2 === 0 ? [{ to, uses: flat[index + 1] ?? 0 }] : []))
      .filter(({ uses }) => !runtime || (uses & (USE.link | USE.run)) !== 0),
  );
  const reached = new Set([0]);
  for (const place of reached) for (const { to } of read[place] ?? []) reached.add(to);
  return read.map((list, place) => (reached.has(place) ? list : []));
}

/** Names of an edge's uses, first those that a binary needs. */
export function useNames(uses: number): string[] {
  const { link, run, build, test } = USE;
  const named = { link, run, build, test };
  return Object.entries(named).flatMap(([name, bit]) => ((uses & bit) === 0 ? [] : [name]));
}
