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
    '`failed`: it was tried and did not build. `other-build`: the same version and target with other variants or ' +
      'dependencies. `other-target`: the same version for other targets. `other-version`: other versions. `never`: ' +
      'nothing of this package.',
  ),
  failure: z
    .strictObject({
      kind: Failure.shape.kind.describe('What went wrong.'),
      date: Moment.describe('When.'),
      run: z.url().optional().describe('The workflow run. Absent: not known.'),
    })
    .optional()
    .describe('The newest failure; only with `failed`.'),
  instead: Texts.optional().describe(
    'What is there: hashes, targets or versions, by the reason; at most five.',
  ),
});
export type MissingSpec = z.infer<typeof MissingSpec>;

/** Coverage of an environment or a lock file by binaries. */
export const Coverage = z.strictObject({
  needed: Count.describe(
    'Specs that an installation takes: roots, what they need at run time, and for those to be built what they need for that; externals left out.',
  ),
  available: Count.describe('Those with a binary here.'),
  percent: z
    .number()
    .min(0)
    .max(100)
    .describe('`available` of `needed`, rounded down to a tenth; 100 only when all is there.'),
  downloadSize: Count.describe('Bytes of the tarballs that are there.'),
  externals: Count.describe("Specs that come from the machine's own system."),
  time: z
    .strictObject({
      seconds: z
        .number()
        .nonnegative()
        .describe(
          'Seconds that those with an estimate take, one after the other, on a machine as the builders were.',
        ),
      byNeighbours: Count.describe(
        'Those of them whose package was never built here: their estimate is the median of packages that build alike.',
      ),
      unknown: Count.describe('Those without an estimate.'),
    })
    .describe('How long it takes to build what is missing.'),
  missing: z.array(MissingSpec).describe('What is not there, by name and version.'),
});
export type Coverage = z.infer<typeof Coverage>;
