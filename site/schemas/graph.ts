import { z } from 'zod';
import { DagHash } from './digest.ts';
import { PackageName } from './node.ts';

/**
 * `/builds/<name>/<hash>/graph.json`: a build's whole DAG for its picture and tree, in columns: place 0 of each is
 * the build itself.
 */
export const Graph = z.strictObject({
  names: z.array(PackageName),
  versions: z.array(z.string()),
  hashes: z.array(DagHash),
  /** A letter for each node: `h` its binary is here, `e` an external on the builder, `n` no binary here. */
  sources: z.string().regex(/^[hen]+$/),
  /** For each node its direct dependencies: place and uses in turn (`[3, 6, 5, 1]`), uses as `USE` counts them. */
  edges: z.array(z.array(z.number().int().nonnegative())),
});
export type Graph = z.infer<typeof Graph>;
