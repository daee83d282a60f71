import { z } from 'zod';
import { DagHash } from './digest.ts';

/**
 * `snapshots/<name>.yaml`: a set of builds under a name that stays. `prune` keeps them with all that they need at run
 * time, and the mirror has the view `snapshot-<name>` of them. Written by the owner.
 */
export const Snapshot = z.strictObject({
  reason: z.string().min(1).max(300).describe('What it is for.'),
  hashes: z
    .array(
      z
        .string()
        .transform((text) => text.replace(/^\//, ''))
        .pipe(DagHash),
    )
    .min(1)
    .describe('DAG hashes of its builds, with or without a `/` before them.'),
});
export type Snapshot = z.infer<typeof Snapshot>;
