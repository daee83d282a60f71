import type { Graph } from '../../schemas/graph.ts';

/** How many nodes one file of `/data/graph/` has: all of a usual cache, so that one fetch is enough. */
export const NODES_PER_FILE = 5_000;

/** What an edge of a DAG is for; several are added up. */
export const USE = { build: 1, link: 2, run: 4, test: 8 } as const;

/** An edge as drawings need it. */
export interface GraphEdge {
  to: number;
  /** Sum of `USE`s. */
  uses: number;
}

/** The direct dependencies of each node that the root reaches; the others stay empty. */
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

/** The names of an edge's uses, those that a binary needs first. */
export function useNames(uses: number): string[] {
  const { link, run, build, test } = USE;
  const named = { link, run, build, test };
  return Object.entries(named).flatMap(([name, bit]) => ((uses & bit) === 0 ? [] : [name]));
}
