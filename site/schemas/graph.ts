import { z } from 'zod';
import { DagHash } from './digest.ts';
import { PackageName } from './node.ts';
import { Count, Text, Texts } from './values.ts';

const Places = z.array(Count);

/**
 * `/data/graph/<n>.json`: the nodes of all DAGs from place `n * NODES_PER_FILE` on, in columns. A node comes after those
 * that it depends on.
 */
export const GraphPart = z.strictObject({
  names: z.array(PackageName),
  versions: Texts,
  hashes: z.array(DagHash),
  /** Place in `names`, for each node. */
  name: Places,
  /** Place in `versions`, for each node. */
  version: Places,
  /** A letter for each node: `h` its binary is here, `e` an external on the builder, `n` no binary here. */
  sources: Text.regex(/^[hen]*$/),
  /** For each node its direct dependencies: how many places before it each is, and its uses, in turn. */
  edges: z.array(Places),
});
export type GraphPart = z.infer<typeof GraphPart>;

/** A build's whole DAG for its picture and tree, in columns: place 0 of each is the build itself. */
export interface Graph {
  names: string[];
  versions: string[];
  hashes: DagHash[];
  /** As in `GraphPart`. */
  sources: string;
  /** For each node its direct dependencies: place and uses in turn (`[3, 6, 5, 1]`), uses as `USE` counts them. */
  edges: number[][];
}
