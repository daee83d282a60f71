import { z } from 'zod';
import { Count, Texts } from '../values.ts';

const Places = z.array(Count);

/**
 * `/data/packages.json.gz`: data of every package for search and lists, as columns with one value per package at
 * the same index. Names are sorted; packages with failures only have 0 builds.
 */
export const PackageIndex = z.strictObject({
  /** Every version of any package, the lowest first in Spack's order. */
  versions: Texts,
  /** Every target, the most used first. */
  targets: Texts,
  names: Texts,
  /** The first sentence or so of the description; empty if there is none. */
  descriptions: Texts,
  /** Tags joined by spaces. */
  tags: Texts,
  /** Virtuals that builds here use it for, such as `mpi`, joined by spaces. */
  provides: Texts,
  /** Indexes into `versions`, the highest version first. */
  packageVersions: z.array(Places),
  /** Indexes into `targets`. */
  packageTargets: z.array(Places),
  builds: Places,
  /** Bytes of all tarballs, rounded to three digits. */
  sizes: Places,
  /** Day of the newest build, in days since 1970. */
  updated: Places,
});
export type PackageIndex = z.infer<typeof PackageIndex>;
