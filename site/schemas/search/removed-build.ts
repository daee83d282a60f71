import { z } from 'zod';
import { Removed } from '../removed.ts';
import { Moment, Text } from '../values.ts';

/** A line of `/data/removed.json`: a build that is gone. */
export const RemovedBuild = z.strictObject({
  ...Removed.pick({ name: true, version: true, hash: true }).shape,
  /** When it was removed. */
  date: Moment,
  reason: Text,
  /** What it ran on, as far as its node is still here. */
  arch: z.strictObject({ platform: Text, os: Text, target: Text }).optional(),
});
export type RemovedBuild = z.infer<typeof RemovedBuild>;
