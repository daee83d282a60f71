import { z } from 'zod';
import { DagHash } from '../digest.ts';
import { PackageName } from '../node.ts';
import { Package } from '../package.ts';
import { Link, State } from './link.ts';

/** A build in few words. */
export const BuildSummary = z.strictObject({
  hash: DagHash,
  version: z.string(),
  platform: z.string(),
  /** Operating system. */
  os: z.string(),
  target: z.string(),
  /** Compilers that built it, `gcc@12.2.0`. */
  compilers: z.array(z.string()),
  /** The spec as Spack prints it, without the hash. */
  spec: z.string(),
  /** Bytes of the tarball. */
  size: z.number().int().nonnegative(),
  /** UTC, whole seconds. */
  published: z.iso.datetime({ precision: 0 }),
  state: State,
  links: z.strictObject({ spec: Link, page: Link }),
});
export type BuildSummary = z.infer<typeof BuildSummary>;

/** `/api/packages/<name>.json`: a package and all its builds, the highest version first. */
export const PackageDocument = z.strictObject({
  name: PackageName,
  /** What Spack knows of it. Absent: not read yet. */
  metadata: Package.optional(),
  builds: z.array(BuildSummary).min(1),
  links: z.strictObject({ packages: Link, page: Link }),
});
export type PackageDocument = z.infer<typeof PackageDocument>;
