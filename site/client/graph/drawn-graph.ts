import type { Graph } from '../../schemas/graph.ts';

/** A DAG to draw, with options. */
export interface DrawnGraph {
  graph: Graph;
  /** Whether to draw only run-time dependencies. */
  runtime: boolean;
  /** Address of the page of a node with a binary. */
  pageOf(place: number): string;
}
