import { z } from 'zod';
import { DagHash, Digest } from './digest.ts';
import { PackageName } from './node.ts';
import { isSafeText } from './safe-text.ts';
import { Count, Moment, Text, Texts } from './values.ts';

/** A blob, identified by its content. */
export const Blob = z.strictObject({
  digest: Digest.describe('sha256 of the bytes as stored.'),
  size: Count.describe('Bytes as stored.'),
});
export type Blob = z.infer<typeof Blob>;

/** The tarball of an install prefix, as Spack packed it. */
export const Tarball = z.strictObject({
  ...Blob.shape,
  uncompressedDigest: Digest.describe("sha256 of the uncompressed tar: the image's diff ID."),
  installedSize: Count.describe('Sum of the sizes of the files in it, in bytes.'),
  files: Count.describe('Number of files and links in it, without directories.'),
});
export type Tarball = z.infer<typeof Tarball>;

/** Contents that users of a build look for, read from its tarball. */
export const Contents = z.strictObject({
  prefix: Text.startsWith('/').describe(
    'Absolute install prefix on the builder, such as `/opt/software/linux-x86_64_v3/tree-2.1.0-…`.',
  ),
  programs: Texts.describe('Names of the programs in `bin/` and `sbin/`, sorted.'),
  libraries: Texts.describe('File names of the shared libraries (`lib*.so*`, `lib*.dylib`), sorted.'),
  glibc: Text.regex(/^\d+(\.\d+)+$/)
    .optional()
    .describe(
      'The highest `GLIBC_x.y` that any ELF file requires, as `x.y`: the oldest glibc that it runs on. Absent: no file requires one.',
    ),
});
export type Contents = z.infer<typeof Contents>;

/**
 * A registry's repository, without a scheme and in lower case, as registries require: `ghcr.io/owner/repo`.
 */
export const RegistryName = Text.max(300).regex(
  /^(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::\d{1,5})?(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)+$/,
  'expected host/path in lower case, without a scheme or tag, such as ghcr.io/owner/repo',
);

/** The image of a build. The cache's own registry is not named, so that it can move. */
export const Image = z.strictObject({
  registry: RegistryName.optional().describe(
    "Its registry, if the target has a registry of its own in the settings. Absent: the cache's own.",
  ),
  tag: Text.max(128).describe('`<name>-<version>-<hash>.spack`.'),
  digest: Digest.describe("Digest of the image's manifest."),
  size: z.int().positive().describe("Bytes of the image's manifest."),
  config: Blob.describe("The image's config, which is also the spec file in the mirror's manifest."),
  runnable: z
    .boolean()
    .describe(
      'False when the image lacks the layer of a run-time dependency, because that has no binary here or the image ' +
        'would have more than 100 layers: Spack can use it, but `docker run` cannot.',
    ),
});
export type Image = z.infer<typeof Image>;

/** Source of an imported build. */
export const Imported = z.strictObject({
  from: Text.max(2_000)
    .refine(isSafeText)
    .describe('Address or directory of the cache it was imported from.'),
  signature: z
    .enum(['verified', 'unchecked', 'none'])
    .describe(
      'Its signature there: `verified` with a key from the owner, `unchecked` for lack of a key, or `none`.',
    ),
  key: Text.optional().describe('Fingerprint of the key that verified it.'),
  converted: Text.optional().describe('Changes made to its tarball, in one sentence. Absent: none.'),
});
export type Imported = z.infer<typeof Imported>;

/** A release tag of Spack or its recipes, such as `v2025.11.0`, not a commit or branch. */
export const Release = Text.regex(/^v?\d+(?:\.\d+){1,3}$/);

/**
 * Origin of a build, as recorded by the publisher's own environment. Fields that are not known are absent.
 */
export const Origin = z.strictObject({
  run: z.url().optional().describe('Address of the workflow run.'),
  commit: Text.optional().describe('Commit of this repository that the run built from.'),
  spack: Text.optional().describe('Version or commit of Spack.'),
  spackRelease: Release.optional().describe(
    'Release of Spack that has this commit, such as `v1.1.0`. Absent: it is not a release, or this is not known.',
  ),
  packages: Text.optional().describe('Version or commit of spack-packages.'),
  release: Release.optional().describe(
    'Release of spack-packages that has this commit, such as `v2026.06.0`. Absent: it is not a release.',
  ),
  runner: Text.optional().describe('Name of the runner, such as `ubuntu-24.04`.'),
  container: Text.optional().describe(
    'Image of the container that it was built in, such as `quay.io/pypa/manylinux_2_28_x86_64@sha256:…`. Absent: it was built ' +
      'on the runner itself, or this is not known.',
  ),
  target: Text.optional().describe(
    'Name, in the settings of the cache, of the target that it was built for.',
  ),
  byHand: Text.min(1)
    .max(2_000)
    .optional()
    .describe(
      'The spec that a person requested and this build is the result of, as Spack writes it: `hdf5@1.14+mpi`. Renewed with the same ' +
        'spec, before builds that nobody requested.',
    ),
  imported: Imported.optional().describe('Present if the build was imported from another cache.'),
});
export type Origin = z.infer<typeof Origin>;

/** A month. No job takes longer, so a larger value is not a measurement. */
const MAX_SECONDS = 31 * 86_400;
const Seconds = z.number().nonnegative().max(MAX_SECONDS);

/** Build times, as reported by the job. Unverified, and used only for display and estimates. */
export const BuildTimes = z.strictObject({
  total: Seconds.describe('Seconds from the first step to the last, without its dependencies.'),
  phases: z
    .array(
      z.strictObject({
        name: Text.regex(/^[\w.+-]{1,64}$/).describe(
          '`fetch`, `stage`, `patch`, a phase of the recipe, or `post-install`.',
        ),
        seconds: Seconds.describe('Seconds that it took.'),
      }),
    )
    .max(64)
    .describe('Steps in order, without those that took less than a tenth of a second.'),
});
export type BuildTimes = z.infer<typeof BuildTimes>;

/** `builds/<name>/<stem>.json`: the binary of one node. Written once by publish, removed only by prune. */
export const Build = z.strictObject({
  name: PackageName.describe('The package.'),
  version: Text.describe('Its version, as Spack writes it.'),
  hash: DagHash.describe('DAG hash of the node.'),
  published: Moment.describe('When it was published: UTC, whole seconds, `2026-11-23T07:40:00Z`.'),
  tarball: Tarball.describe('The tarball of the install prefix.'),
  contents: Contents.describe('Programs and libraries in it.'),
  image: Image.describe('Its image in the registry.'),
  unverifiedExternals: z
    .array(DagHash)
    .optional()
    .describe(
      "DAG hashes of externals in this build's DAG that could not be verified by recomputing them. Absent: none.",
    ),
  origin: Origin.describe('Where it comes from.'),
  times: BuildTimes.optional().describe(
    'Build times, as reported by the job that built it. Absent: not measured.',
  ),
  sbom: z
    .strictObject({
      path: Text.regex(/^\.spack\/sbom\/[\w.+-]{1,200}\.json$/).describe(
        'Its path below the install prefix.',
      ),
      ...Blob.shape,
    })
    .optional()
    .describe(
      "Spack's own bill of materials in the tarball, in SPDX 2.3 (Spack 1.2 or newer). Absent: there is none, or it cannot be read.",
    ),
  logSize: Count.optional().describe(
    'Bytes of the compressed build log, `.spack/spack-build-out.txt.gz` in the tarball. Absent: there is none.',
  ),
});
export type Build = z.infer<typeof Build>;
