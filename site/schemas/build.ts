import { z } from 'zod';
import { DagHash, Digest } from './digest.ts';
import { PackageName } from './node.ts';

/** A blob by content. */
export const Blob = z.strictObject({
  digest: Digest,
  /** Bytes as stored. */
  size: z.number().int().nonnegative(),
});
export type Blob = z.infer<typeof Blob>;

/** The tarball of an install prefix, as Spack packed it. */
export const Tarball = z.strictObject({
  ...Blob.shape,
  /** sha256 of the uncompressed tar: the image's diff ID. */
  uncompressedDigest: Digest,
  /** Sum of the sizes of the files in it, in bytes. */
  installedSize: z.number().int().nonnegative(),
  /** Number of files and links in it, directories left out. */
  files: z.number().int().nonnegative(),
});
export type Tarball = z.infer<typeof Tarball>;

/** What a binary puts where its users look for it, learned from the tarball. */
export const Contents = z.strictObject({
  /** Absolute install prefix on the builder, such as `/opt/software/linux-x86_64_v3/tree-2.1.0-…`. */
  prefix: z.string().startsWith('/'),
  /** Names of the programs in `bin/` and `sbin/`, sorted. */
  programs: z.array(z.string()),
  /** File names of the shared libraries (`lib*.so*`, `lib*.dylib`), sorted. */
  libraries: z.array(z.string()),
  /** The newest `GLIBC_x.y` that any ELF file names, as `x.y`: the oldest glibc it runs on. Absent: none is named. */
  glibc: z
    .string()
    .regex(/^\d+(\.\d+)+$/)
    .optional(),
});
export type Contents = z.infer<typeof Contents>;

/** The image of a build in the registry; no host name, so that a registry can move. */
export const Image = z.strictObject({
  /** `<name>-<version>-<hash>.spack`. */
  tag: z.string().max(128),
  /** Digest of the image's manifest. */
  digest: Digest,
  /** Bytes of the image's manifest. */
  size: z.number().int().positive(),
  /** The image's config, which is also the spec file that the mirror's manifest names. */
  config: Blob,
  /**
   * False when the image lacks a run-time dependency's layer (that dependency has no binary here, or the
   * image would have over 100 layers): Spack can use it, `docker run` cannot.
   */
  runnable: z.boolean(),
});
export type Image = z.infer<typeof Image>;

/** Where a build comes from, said by the publisher's own environment; each absent where it is not known. */
export const Origin = z.strictObject({
  /** Address of the workflow run. */
  run: z.url().optional(),
  /** Commit of this repository that the run built from. */
  commit: z.string().optional(),
  /** Version or commit of Spack. */
  spack: z.string().optional(),
  /** Version or commit of spack-packages. */
  packages: z.string().optional(),
  /** Name of the runner, such as `ubuntu-24.04`. */
  runner: z.string().optional(),
});
export type Origin = z.infer<typeof Origin>;

/** `builds/<name>/<stem>.json`: the binary of one node. Written once by publish, removed only by prune. */
export const Build = z.strictObject({
  name: PackageName,
  version: z.string(),
  hash: DagHash,
  /** When it was published: UTC, whole seconds, `2026-11-23T07:40:00Z`. */
  published: z.iso.datetime({ precision: 0 }),
  tarball: Tarball,
  contents: Contents,
  image: Image,
  /** DAG hashes of externals in this build's DAG whose hash could not be recomputed. Absent: none. */
  unverifiedExternals: z.array(DagHash).optional(),
  origin: Origin,
});
export type Build = z.infer<typeof Build>;
