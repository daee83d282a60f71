import { z } from 'zod';
import { DagHash } from './digest.ts';
import { PackageName } from './node.ts';

/**
 * `site/content/pins/<name>.yaml`: builds that `prune` never removes, with everything that they need at run time.
 * Written by the owner.
 */
export const Pin = z.strictObject({
  /** Why they stay, for people. */
  reason: z.string().min(1).max(300).describe('Why these builds stay.'),
  /** DAG hashes of builds, with or without a `/` before them. */
  hashes: z
    .array(
      z
        .string()
        .transform((text) => text.replace(/^\//, ''))
        .pipe(DagHash),
    )
    .default([])
    .describe('DAG hashes of builds.'),
  /** `name` or `name@version`: every build of that package, or of that version. */
  specs: z
    .array(
      z.string().refine((text) => PackageName.safeParse(text.split('@', 1)[0]).success, {
        error: 'expected a package, such as hdf5, or one version of it, such as hdf5@1.14.5',
      }),
    )
    .default([])
    .describe('Packages, such as `hdf5`, or versions, such as `hdf5@1.14.5`.'),
});
export type Pin = z.infer<typeof Pin>;
