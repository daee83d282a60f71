import { z } from 'zod';
import { DagHash } from './digest.ts';
import { PackageName } from './node.ts';
import { Text } from './values.ts';

/** Files by which the owner protects builds, and all their run-time dependencies, from `prune`. */

const Reason = Text.min(1).max(300);
/** DAG hashes of builds, with or without a `/` before them. */
const Hashes = z.array(Text.transform((text) => text.replace(/^\//, '')).pipe(DagHash));

/** `site/content/pins/<name>.yaml`: builds to keep. */
export const Pin = z.strictObject({
  reason: Reason.describe('Why these builds are kept.'),
  hashes: Hashes.default([]).describe('DAG hashes of builds.'),
  /** `name` or `name@version`: every build of that package, or of that version. */
  specs: z
    .array(
      Text.refine((text) => PackageName.safeParse(text.split('@', 1)[0]).success, {
        error: 'expected a package, such as hdf5, or one version of it, such as hdf5@1.14.5',
      }),
    )
    .default([])
    .describe('Packages, such as `hdf5`, or versions, such as `hdf5@1.14.5`.'),
});
export type Pin = z.infer<typeof Pin>;

/** `snapshots/<name>.yaml`: a fixed set of builds, which the mirror offers as the view `snapshot-<name>`. */
export const Snapshot = z.strictObject({
  reason: Reason.describe('Purpose of the snapshot.'),
  hashes: Hashes.min(1).describe('DAG hashes of its builds, with or without a `/` before them.'),
});
export type Snapshot = z.infer<typeof Snapshot>;
