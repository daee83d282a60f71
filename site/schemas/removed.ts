import { z } from 'zod';
import { DagHash } from './digest.ts';
import { PackageName } from './node.ts';

/** `removed/<hash>.json`: a build that prune took out. */
export const Removed = z.strictObject({
  name: PackageName,
  version: z.string(),
  hash: DagHash,
  /** When it had been published: UTC, whole seconds. Absent: not recorded. */
  published: z.iso.datetime({ precision: 0 }).optional(),
  /** UTC, whole seconds. */
  removed: z.iso.datetime({ precision: 0 }),
  /** The rule that it fell under, in words. */
  reason: z.string(),
});
export type Removed = z.infer<typeof Removed>;
