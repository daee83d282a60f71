import { z } from 'zod';
import { DagHash } from './digest.ts';
import { Node } from './node.ts';

/** A `spack.lock`: what an environment was concretized to. Source: Spack's `Environment._to_lockfile_dict`. */
export const LockFile = z.object({
  _meta: z.object({ 'lockfile-version': z.number().int(), 'specfile-version': z.number().int() }),
  roots: z.array(z.object({ hash: DagHash, spec: z.string() })),
  concrete_specs: z.record(DagHash, Node),
});
export type LockFile = z.infer<typeof LockFile>;
