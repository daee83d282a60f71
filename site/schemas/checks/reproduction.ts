import { z } from 'zod';
import { Build, Origin } from '../build.ts';
import { Count, Moment, Text } from '../values.ts';

/** Cause of a difference between two builds of one spec, in one file. */
export const DifferenceCause = z.enum([
  'missing',
  'kind',
  'mode',
  'link-target',
  'timestamp',
  'path',
  'order',
  'build-id',
  'archive-header',
  'gzip-header',
  'python-bytecode',
  'host-name',
  'kernel',
  'locale',
  'user-name',
  'process-id',
  'cpu-flags',
  'core-count',
  'random',
  'debug-info',
  'line-ends',
  'content',
]);
export type DifferenceCause = z.infer<typeof DifferenceCause>;

/** A build with a different payload in the second cache. */
export const DifferingBuild = z.strictObject({
  ...Build.pick({ name: true, version: true, hash: true }).shape,
  files: z.int().positive().describe('Number of files that differ.'),
  causes: z.array(DifferenceCause).min(1).describe('Causes, the most frequent first.'),
  examples: z
    .array(
      z.strictObject({
        path: Text.max(500).describe('Path in the install prefix.'),
        cause: DifferenceCause.describe('Why it differs.'),
      }),
    )
    .max(5)
    .describe('Some of these files, at most five.'),
});
export type DifferingBuild = z.infer<typeof DifferingBuild>;

/** `checks/challenge.json`: result of the last comparison of two builds of the same specs. */
export const Reproduction = z.strictObject({
  date: Moment.describe('When they were compared: UTC, whole seconds.'),
  run: Origin.shape.run,
  compared: Count.describe('Builds that both caches have.'),
  equal: Count.describe("Builds with the same payload, not counting Spack's own notes."),
  onlyFirst: Count.describe('Builds that only the first cache has.'),
  onlySecond: Count.describe('Builds that only the second cache has.'),
  causes: z
    .array(
      z.strictObject({
        cause: DifferenceCause.describe('Why files differ.'),
        builds: z.int().positive().describe('Number of builds with files that differ for this cause.'),
        files: z.int().positive().describe('Number of files that differ for this cause.'),
      }),
    )
    .describe('How often each cause was found, the most frequent first.'),
  differing: z.array(DifferingBuild).max(200).describe('Builds that differ, at most 200.'),
});
export type Reproduction = z.infer<typeof Reproduction>;
