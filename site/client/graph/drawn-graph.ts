import type { Graph } from '../../schemas/graph.ts';

/** A DAG to draw, and what surrounds it. */
export interface DrawnGraph {
  graph: Graph;
  /** Whether only what a binary needs to run is drawn. */
  runtime: boolean;
  /** The page of a node with a binary. */
  pageOf(place: number): string;
}
