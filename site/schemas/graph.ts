import { z } from 'zod';
import { DagHash } from './digest.ts';
import { PackageName } from './node.ts';
import { Count, Text, Texts } from './values.ts';

const Places = z.array(Count);

/**
 * `/data/graph/<n>.json.gz`: nodes of all DAGs in columns, from position `n * NODES_PER_FILE` on. Each node
 * comes after its dependencies.
 */
export const GraphPart = z.strictObject({
  names: z.array(PackageName),
  versions: Texts,
  hashes: z.array(DagHash),
  /** Index into `names`, for each node. */
  name: Places,
  /** Index into `versions`, for each node. */
  version: Places,
  /**
   * One letter per node: `h` for a binary here, `e` for an external of the builder, `n` for no binary here.
   */
  sources: Text.regex(/^[hen]*$/),
  /** Direct dependencies of each node: pairs of the distance back to it and its uses, flattened. */
  edges: z.array(Places),
});
export type GraphPart = z.infer<typeof GraphPart>;

/** The whole DAG of a build for its picture and tree, in columns. Index 0 of each is the build itself. */
export interface Graph {
  names: string[];
  versions: string[];
  hashes: DagHash[];
  /** As in `GraphPart`. */
  sources: string;
  /**
   * Direct dependencies of each node: flattened pairs of index and uses (`[3, 6, 5, 1]`). Uses are sums of
   * the numbers in `USE`.
   */
  edges: number[][];
}
