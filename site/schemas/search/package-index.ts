import { z } from 'zod';

const Places = z.array(z.number().int().nonnegative());

/**
 * `/data/packages.json`: what search and lists need of every package, as columns; one value a package, at the same place
 * in each. Names are sorted; packages that only failed so far come with 0 builds.
 */
export const PackageIndex = z.strictObject({
  /** Every version of any package, the lowest first in Spack's order. */
  versions: z.array(z.string()),
  /** Every target, the most used first. */
  targets: z.array(z.string()),
  names: z.array(z.string()),
  /** The first sentence or so of what a package is; empty where that is not known. */
  descriptions: z.array(z.string()),
  /** Tags joined by spaces. */
  tags: z.array(z.string()),
  /** Virtuals that builds here take it for, `mpi`, joined by spaces. */
  provides: z.array(z.string()),
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
