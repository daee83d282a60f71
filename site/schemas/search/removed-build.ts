import { z } from 'zod';
import { Removed } from '../removed.ts';
import { Moment, Text } from '../values.ts';

/** A line of `/data/removed.json.gz`: a removed build. */
export const RemovedBuild = z.strictObject({
  ...Removed.pick({ name: true, version: true, hash: true }).shape,
  /** When it was removed. */
  date: Moment,
  reason: Text,
  /** Architecture, if its node is still here. */
  arch: z.strictObject({ platform: Text, os: Text, target: Text }).optional(),
});
export type RemovedBuild = z.infer<typeof RemovedBuild>;
