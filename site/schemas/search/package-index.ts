import { z } from 'zod';
import { Count, Texts } from '../values.ts';

const Places = z.array(Count);

/**
 * `/data/packages.json`: what search and lists need of every package, as columns; one value a package, at the same place
 * in each. Names are sorted; packages that only failed so far come with 0 builds.
 */
export const PackageIndex = z.strictObject({
  /** Every version of any package, the lowest first in Spack's order. */
  versions: Texts,
  /** Every target, the most used first. */
  targets: Texts,
  names: Texts,
  /** The first sentence or so of what a package is; empty where that is not known. */
  descriptions: Texts,
  /** Tags joined by spaces. */
  tags: Texts,
  /** Virtuals that builds here take it for, `mpi`, joined by spaces. */
  provides: Texts,
  /** Places in `versions`, the highest first. */
  packageVersions: z.array(Places),
  /** Places in `targets`. */
  packageTargets: z.array(Places),
  builds: Places,
  /** Bytes of all tarballs, three digits of them. */
  sizes: Places,
  /** Day of the newest build, in days since 1970. */
  updated: Places,
});
export type PackageIndex = z.infer<typeof PackageIndex>;
