import { z } from 'zod';
import { DagHash } from './digest.ts';
import { Dependency, Node } from './node.ts';
import { Moment, Text } from './values.ts';

/** A `spack.lock`: what an environment was concretized to. Source: Spack's `Environment._to_lockfile_dict`. */
export const LockFile = z.object({
  _meta: z.object({ 'lockfile-version': z.int(), 'specfile-version': z.int() }),
  roots: z.array(z.object({ hash: DagHash, spec: Text })),
  concrete_specs: z.record(DagHash, Node),
});
export type LockFile = z.infer<typeof LockFile>;

/** A `spack.lock` with every key that Spack wrote: what is passed on is passed on untouched. */
export const WholeLock = z.looseObject({
  roots: z.array(z.looseObject({ hash: DagHash, spec: Text })),
  concrete_specs: z.record(
    Text,
    z.looseObject({ dependencies: z.array(Dependency).default([]), build_spec: Node.shape.build_spec }),
  ),
});
export type WholeLock = z.infer<typeof WholeLock>;

/** `environments/<name>.solved.json`: what its lock was solved with, and a newer lock that is not built yet. */
export const SolvedEnvironment = z.strictObject({
  /** By target of the settings: the release of the recipes that it was last solved with as a whole, and when. */
  targets: z.record(Text, z.strictObject({ release: Text, date: Moment })),
  /**
   * By target of the settings: the lock's roots that were solved for it. Their processor may be an older one that the
   * environment asks for.
   */
  roots: z.record(Text, z.array(DagHash)).default({}),
  /** By target: address of the run that solved it last. Of two runs at once the newer one's lock stays. */
  runs: z.record(Text, Text).optional(),
  /** What newer recipes give, until everything that was there before is there of it, too. Absent: nothing waits. */
  next: WholeLock.optional(),
  /** By target: the roots of `next`. */
  nextRoots: z.record(Text, z.array(DagHash)).default({}),
});
export type SolvedEnvironment = z.infer<typeof SolvedEnvironment>;
