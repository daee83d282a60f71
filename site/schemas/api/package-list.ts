import { z } from 'zod';
import { PackageName } from '../node.ts';
import { Link } from './link.ts';

/** A package in few words. */
export const PackageSummary = z.strictObject({
  name: PackageName,
  /** Absent: not known. */
  description: z.string().optional(),
  /** In Spack's order, the highest first. */
  versions: z.array(z.string()).min(1),
  targets: z.array(z.string()).min(1),
  /** Number of builds. */
  builds: z.number().int().positive(),
  /** Bytes of all tarballs. */
  size: z.number().int().nonnegative(),
  /** When the newest build was published: UTC, whole seconds. */
  updated: z.iso.datetime({ precision: 0 }),
});
export type PackageSummary = z.infer<typeof PackageSummary>;

/** `/api/packages.json`: all packages with a build, by name. */
export const PackageList = z.strictObject({
  packages: z.array(PackageSummary),
  links: z.strictObject({ index: Link, package: z.string() }),
});
export type PackageList = z.infer<typeof PackageList>;
