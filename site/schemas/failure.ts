import { z } from 'zod';
import { DagHash } from './digest.ts';
import { PackageName } from './node.ts';

/** `failures/<name>/<hash, or run and job>.json`: something that was tried and did not build. */
export const Failure = z.strictObject({
  name: PackageName,
  /** The spec as it was asked for or concretized, in Spack's notation. */
  spec: z.string(),
  /** Absent when it failed before it was concretized. */
  hash: DagHash.optional(),
  /** The target it was built for. */
  target: z.string().optional(),
  kind: z.enum([
    'concretize',
    'fetch',
    'patch',
    'configure',
    'compile',
    'test',
    'timeout',
    'disk',
    'refused',
    'other',
  ]),
  /** The phase of the recipe, in Spack's words (`install`, `cmake`, `build` …). */
  phase: z.string().optional(),
  /** The last lines of the log, at most 100. */
  log: z.array(z.string()).max(100),
  /** Address of the workflow run. */
  run: z.url().optional(),
  /** UTC, whole seconds. */
  date: z.iso.datetime({ precision: 0 }),
});
export type Failure = z.infer<typeof Failure>;
