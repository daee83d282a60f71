import { z } from 'zod';
import { Blob, Build, Origin } from '../build.ts';
import { Moment } from '../values.ts';

/** A build whose payload was the same when it was built again. */
export const AlikeBuild = z.strictObject({
  ...Build.pick({ name: true, version: true, hash: true }).shape,
  tarball: Blob.shape.digest.describe(
    'The tarball that was compared; the result is valid only for this one.',
  ),
  by: z.int().min(2).max(100).describe('Number of builds that came out the same, including this one.'),
  last: Moment.describe('When the last of them was compared: UTC, whole seconds.'),
  run: Origin.shape.run,
});
export type AlikeBuild = z.infer<typeof AlikeBuild>;

/** `checks/alike.json`: all builds so far whose rebuild gave the same payload, sorted by name and hash. */
export const AlikeBuilds = z.strictObject({ builds: z.array(AlikeBuild).max(100_000) });
