import { z } from 'zod';
import { Build } from '../build.ts';
import { DagHash } from '../digest.ts';
import { Node } from '../node.ts';
import { Link, State } from './link.ts';

/** `/api/specs/<hash>.json`: all that is known of one build. */
export const SpecDocument = z.strictObject({
  hash: DagHash,
  /** The spec as Spack prints it, without the hash. */
  spec: z.string(),
  state: State,
  /** Whether the mirror's manifest of it is signed. */
  signed: z.boolean(),
  /** `registry:tag` of its image. Absent: the registry is not public. */
  image: z.string().optional(),
  /** The binary, as the catalog keeps it: digests, sizes, what it ships, where it comes from. */
  build: Build,
  /** The node, exactly the text that Spack wrote: its DAG hash can be recomputed from it. */
  node: Node,
  /** Hashes of the whole DAG, itself left out, sorted. */
  closure: z.array(DagHash),
  /** Which of those have no binary here: externals, and builds that were never published or removed. */
  withoutBinary: z.array(DagHash),
  /** Hashes of the builds here that depend on it directly, the newest first. */
  dependents: z.array(DagHash),
  links: z.strictObject({
    page: Link,
    package: Link,
    /** The mirror's manifest. */
    manifest: Link,
    /** The tarball. Absent: only the registry has it. */
    tarball: Link.optional(),
  }),
});
export type SpecDocument = z.infer<typeof SpecDocument>;
