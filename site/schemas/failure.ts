import { z } from 'zod';
import { DagHash } from './digest.ts';
import { PackageName } from './node.ts';
import { Moment, Text, Texts } from './values.ts';

/** `failures/<name>/<hash, or run and job>.json`: a failed build. */
export const Failure = z.strictObject({
  name: PackageName,
  /** The spec as requested or concretized, in Spack's notation. */
  spec: Text,
  /** Absent when it failed before it was concretized. */
  hash: DagHash.optional(),
  /** The target it was built for. */
  target: Text.optional(),
  /**
   * `binary`: a binary of a build cache was missing or unusable. `lost`: the job uploaded nothing, so that
   * its runner may be the cause; scheduled runs do not wait for it. `unknown`: nothing shows the cause.
   */
  kind: z.enum([
    'concretize',
    'fetch',
    'patch',
    'configure',
    'compile',
    'install',
    'test',
    'timeout',
    'disk',
    'memory',
    'killed',
    'binary',
    'refused',
    'lost',
    'other',
    'unknown',
  ]),
  /** The phase of the recipe, in Spack's words (`install`, `cmake`, `build` …). */
  phase: Text.optional(),
  /** The line of the log that says most about the cause. Absent: none was found, or none was looked for. */
  line: Text.max(2_000).optional(),
  /** The last lines of the log, at most 100. */
  log: Texts.max(100),
  /** Address of the workflow run. */
  run: z.url().optional(),
  /** UTC, whole seconds. */
  date: Moment,
});
export type Failure = z.infer<typeof Failure>;
