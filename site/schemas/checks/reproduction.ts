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
  causes: z.array(DifferenceCause).min(1).describe('Why, the most frequent first.'),
  examples: z
    .array(
      z.strictObject({
        path: Text.max(500).describe('In the install prefix.'),
        cause: DifferenceCause.describe('Why it differs.'),
      }),
    )
    .max(5)
    .describe('Some of these files, by their path in the install prefix.'),
});
export type DifferingBuild = z.infer<typeof DifferingBuild>;

/** `checks/challenge.json`: result of the last comparison of two builds of the same specs. */
export const Reproduction = z.strictObject({
  date: Moment.describe('When: UTC, whole seconds.'),
  run: Origin.shape.run,
  compared: Count.describe('Builds that both caches have.'),
  equal: Count.describe("Builds whose payload is equal, Spack's own notes left out."),
  onlyFirst: Count.describe('Builds that the first cache alone has.'),
  onlySecond: Count.describe('Builds that the second cache alone has.'),
  causes: z
    .array(
      z.strictObject({
        cause: DifferenceCause.describe('Why files differ.'),
        builds: z.int().positive().describe('Builds with such files.'),
        files: z.int().positive().describe('Such files.'),
      }),
    )
    .describe('How often each cause was found, the most frequent first.'),
  differing: z.array(DifferingBuild).max(200).describe('Builds that differ; of very many the first 200.'),
});
export type Reproduction = z.infer<typeof Reproduction>;
