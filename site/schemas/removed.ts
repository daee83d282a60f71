import { z } from 'zod';
import { Build } from './build.ts';
import { Moment, Text } from './values.ts';

/**
 * `removed/<hash>.json`: a build that prune removed. It keeps the dates of the build's record, so that the
 * lists of changes of past months stay the same.
 */
export const Removed = z.strictObject({
  ...Build.pick({ name: true, version: true, hash: true }).shape,
  /** Periods in which it was available, the oldest first: a removed build may be published again. */
  stays: z
    .array(
      z.strictObject({
        /** Date from the build's record: UTC, whole seconds. */
        published: Build.shape.published,
        /** UTC, whole seconds. */
        removed: Moment,
        /** The retention rule that removed it, in words. */
        reason: Text,
      }),
    )
    .min(1),
  /**
   * Data of a recently removed build. Clients still install from older indexes, so the site keeps serving its
   * manifest and tarball, and the build can be restored when something new needs it. Absent: the grace period
   * is over, and the registry was asked to delete it.
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
