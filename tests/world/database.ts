import { z } from 'zod';
import { DagHash } from '../../site/schemas/digest.ts';

/** The index of a build cache. Source: Spack's `database.py`, version 8. Nodes are not parsed. */
export const Database = z.object({
  database: z.object({
    version: z.literal('8'),
    installs: z.record(
      DagHash,
      z.object({
        spec: z.looseObject({ name: z.string(), hash: DagHash }),
        /** Number of dependents within the index. */
        ref_count: z.number().int().nonnegative(),
        /** True for a spec with a binary, false for the others of its DAG. */
        in_buildcache: z.boolean(),
      }),
    ),
  }),
});
export type Database = z.infer<typeof Database>;
