import { z } from 'zod';
import { Node } from './node.ts';

/** The newest build cache layout that Spack reads. Every client refuses spec files with a higher number. */
export const LAYOUT_VERSION = 3;

/** Maximum number of nodes. The largest real DAGs have a few hundred. */
export const MAX_NODES = 5_000;

/** A specfile: a root node first, then every node of its DAG. Source: Spack's `Spec.to_dict`. */
export const SpecFile = z.object({
  spec: z.object({
    _meta: z.object({ version: z.int() }),
    nodes: z.array(Node).min(1).max(MAX_NODES),
  }),
  /** Absent in very old files. */
  buildcache_layout_version: z.int().max(LAYOUT_VERSION).optional(),
});
