import { z } from 'zod';
import { Build } from './build.ts';
import { Moment, Text } from './values.ts';

/**
 * `removed/<hash>.json`: a build that prune took out. It keeps what the build's record said of when it came, so that
 * the changes of past months stay as they were.
 */
export const Removed = z.strictObject({
  ...Build.pick({ name: true, version: true, hash: true }).shape,
  /** Each time that it was there, the oldest first: what was removed may be built and published again. */
  stays: z
    .array(
      z.strictObject({
        /** As the build's record said: UTC, whole seconds. */
        published: Build.shape.published,
        /** UTC, whole seconds. */
        removed: Moment,
        /** The rule that it fell under, in words. */
        reason: Text,
      }),
    )
    .min(1),
  /**
   * What is kept of a build that was removed lately, since clients go on installing from older indexes: the site still
   * serves its manifest and tarball, and it can come back when something new needs it. Absent: its time is over, and the
   * registry has been told to delete it.
   */
  grace: z
    .strictObject({
      /** The build's record as it was. */
      build: Build,
      /** Its spec manifest, clear-signed or plain, as the mirror served it. */
      manifest: Text,
    })
    .optional(),
});
export type Removed = z.infer<typeof Removed>;
