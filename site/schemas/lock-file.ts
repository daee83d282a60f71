import { z } from 'zod';
import { DagHash } from './digest.ts';
import { Dependency, Node } from './node.ts';
import { Moment, Text } from './values.ts';

/** A `spack.lock`: a concretized environment. Source: Spack's `Environment._to_lockfile_dict`. */
export const LockFile = z.object({
  _meta: z.object({ 'lockfile-version': z.int(), 'specfile-version': z.int() }),
  roots: z.array(z.object({ hash: DagHash, spec: Text })),
  concrete_specs: z.record(DagHash, Node),
});
export type LockFile = z.infer<typeof LockFile>;

/** A `spack.lock` with every key that Spack wrote, so that it can be passed on unchanged. */
export const WholeLock = z.looseObject({
  roots: z.array(z.looseObject({ hash: DagHash, spec: Text })),
  concrete_specs: z.record(
    Text,
    z.looseObject({ dependencies: z.array(Dependency).default([]), build_spec: Node.shape.build_spec }),
  ),
});
export type WholeLock = z.infer<typeof WholeLock>;

/**
 * `environments/<name>.solved.json`: the recipes that an environment's lock was solved with, and a newer lock
 * that is not built yet.
 */
export const SolvedEnvironment = z.strictObject({
  /** Release of the recipes and date of the last solve of the whole environment, keyed by target name. */
  targets: z.record(Text, z.strictObject({ release: Text, date: Moment })),
  /**
   * Roots of the lock that were solved for each target, keyed by target name. The environment may ask for an
   * older CPU than the target's.
   */
  roots: z.record(Text, z.array(DagHash)).default({}),
  /** Address of the run that last solved it, keyed by target name. The newer of two concurrent runs wins. */
  runs: z.record(Text, Text).optional(),
  /** Lock from newer recipes, waiting until everything that has a build now is rebuilt. Absent: none waits. */
  next: WholeLock.optional(),
  /** Roots of `next`, keyed by target name. */
  nextRoots: z.record(Text, z.array(DagHash)).default({}),
});
export type SolvedEnvironment = z.infer<typeof SolvedEnvironment>;
