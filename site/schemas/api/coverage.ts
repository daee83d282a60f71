import { z } from 'zod';
import { DagHash } from '../digest.ts';
import { Failure } from '../failure.ts';
import { PackageName } from '../node.ts';
import { Count, Moment, Text, Texts } from '../values.ts';

/** Reason why a binary is missing. */
export const MissingReason = z.enum(['failed', 'other-build', 'other-target', 'other-version', 'never']);
export type MissingReason = z.infer<typeof MissingReason>;

/** A spec that has no binary here. */
export const MissingSpec = z.strictObject({
  hash: DagHash.describe('DAG hash.'),
  name: PackageName.describe('The package.'),
  version: Text.describe('Its version.'),
  target: Text.describe('Its target.'),
  reason: MissingReason.describe(
    '`failed`: the build failed. `other-build`: the cache has the same version and target with other variants or ' +
      'dependencies. `other-target`: it has the same version for other targets. `other-version`: it has other ' +
      'versions. `never`: it has no build of this package.',
  ),
  failure: z
    .strictObject({
      kind: Failure.shape.kind.describe('Kind of failure.'),
      date: Moment.describe('When it failed.'),
      run: z.url().optional().describe('The workflow run. Absent: not known.'),
    })
    .optional()
    .describe('The newest failure; only with `failed`.'),
  instead: Texts.optional().describe(
    'What the cache has instead: hashes, targets or versions, depending on the reason; at most five.',
  ),
});
export type MissingSpec = z.infer<typeof MissingSpec>;

/** Coverage of an environment or a lock file by binaries. */
export const Coverage = z.strictObject({
  needed: Count.describe(
    'Specs needed to install: the roots and their run-time dependencies, plus build dependencies of those that must be built from source. Externals are not counted.',
  ),
  available: Count.describe('Those with a binary here.'),
  percent: z
    .number()
    .min(0)
    .max(100)
    .describe(
      '`available` as a percentage of `needed`, rounded down to a tenth; 100 only if nothing is missing.',
    ),
  downloadSize: Count.describe('Bytes of the available tarballs.'),
  externals: Count.describe('Specs that the system of the machine provides.'),
  time: z
    .strictObject({
      seconds: z
        .number()
        .nonnegative()
        .describe(
          'Estimated seconds to build them one after the other on a machine like the builders, without those that have no estimate.',
        ),
      byNeighbours: Count.describe(
        'Specs whose package was never built here; their estimate is the median of packages that build in a similar way.',
      ),
      unknown: Count.describe('Specs without an estimate.'),
    })
    .describe('Estimated time to build what is missing.'),
  missing: z.array(MissingSpec).describe('Specs without a binary, sorted by name and version.'),
});
export type Coverage = z.infer<typeof Coverage>;
