import { z } from 'zod';
import { Removed } from '../removed.ts';

/** A line of `/data/removed.json`: a build that is gone. */
export const RemovedBuild = z.strictObject({
  ...Removed.pick({ name: true, version: true, hash: true }).shape,
  /** When it was removed. */
  date: z.iso.datetime({ precision: 0 }),
  reason: z.string(),
});
export type RemovedBuild = z.infer<typeof RemovedBuild>;
