import { z } from 'zod';
import { MOST_SIBLINGS, SiblingUrl, Size } from './settings.ts';
import { RegistryName } from './build.ts';
import { PackageName } from './node.ts';
import { Count, Text } from './values.ts';

/** Name of a container image. `oci/registry.ts` parses it, which happens after hours of builds. */
const ImageName = Text.max(300).regex(
  /^\w[\w.-]*(?:[:/][\w.-]+)*(?:@sha256:[0-9a-f]{64})?$/,
  'expected the name of an image, such as ubuntu:24.04 or quay.io/owner/image@sha256:…',
);

/** A system that binaries are built for. */
export const Target = z.strictObject({
  name: Text.regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/, 'expected letters, digits, _, . and -').describe(
    'Unique name of the target in requests; also its microarchitecture, unless `target` names that.',
  ),
  target: Text.regex(
    /^[a-z0-9][a-z0-9_]{0,39}$/,
    'expected one of the names that `spack arch --known-targets` lists',
  )
    .optional()
    .describe('Microarchitecture, as listed by `spack arch --known-targets`. Absent: the name.'),
  runner: Text.min(1).max(100).describe("GitHub's label of the runner, such as ubuntu-24.04."),
  /** Absent: on the runner itself. */
  container: ImageName.optional().describe(
    "Image that the build runs in, for a glibc older than the runner's.",
  ),
  registry: RegistryName.optional().describe(
    "Registry for new builds of this target, host/path. Absent: the cache's own. Published builds are not moved.",
  ),
});
export type Target = z.infer<typeof Target>;

/** A tag or a commit (or a branch) for `git fetch`. It cannot begin with `-`, as an option of git does. */
export const GitVersion = Text.regex(
  /^[a-zA-Z0-9][a-zA-Z0-9._/+-]{0,99}$/,
  'expected a git tag such as v1.1.0, or a commit of 40 hex digits',
);

/**
 * AlmaLinux 8 with GCC 14, for glibc 2.28: Spack chooses such a build by itself on 18 of the 22 systems in the guide's
 * table, a build of the plain runner (glibc 2.39) on 5. Both digests are those of the tag 2026.09.30-1. Source of what the
 * images have: https://github.com/pypa/manylinux
 */
const IMAGES = {
  x86_64:
    'quay.io/pypa/manylinux_2_28_x86_64@sha256:c2261579b9c2e5d45aa93312f73e2a302182e3e977b558581a1838d6fed3d8e6',
  aarch64:
    'quay.io/pypa/manylinux_2_28_aarch64@sha256:acc4e63610fef1da3d687322793665205415c2b22c0d2e403f1a44eb834d63fc',
};

const DEFAULT_TARGETS: z.input<typeof Target>[] = [
  { name: 'x86_64_v3', runner: 'ubuntu-24.04', container: IMAGES.x86_64 },
  { name: 'aarch64', runner: 'ubuntu-24.04-arm', container: IMAGES.aarch64 },
  { name: 'm1', runner: 'macos-15' },
];

/** Policy of scheduled runs for solving an environment again with newer recipes than last time. */
const Refresh = z.enum(['always', 'monthly', 'never']);

/** `.github/build-cache.yaml`: what the owner may set. Every value has a default; the file may be empty or absent. */
export const BuildCacheSettings = z.strictObject({
  /** The schedule uses one per day, in turn. */
  targets: z
    .array(Target)
    .min(1)
    .refine((targets) => new Set(targets.map(({ name }) => name.toLowerCase())).size === targets.length, {
      error:
        'two targets have the same name, at least in lower case; rename one and give its microarchitecture as target',
    })
    .default(DEFAULT_TARGETS)
    .describe('Systems to build for; the first is the default of a manual run.'),
  spack: GitVersion.default('v1.1.0').describe(
    'Tag or commit of github.com/spack/spack, 1.0 or newer; latest: its newest release.',
  ),
  packages: GitVersion.default('v2026.06.0').describe(
    'Tag or commit of github.com/spack/spack-packages; latest: its newest release.',
  ),
  installer: z
    .enum(['auto', 'new', 'old'])
    .default('auto')
    .describe(
      "Spack's installer: new builds several packages at once, old one after the other; auto uses the new one from Spack 1.2 on, unless an option needs the old one.",
    ),
  paddedLength: z
    .int()
    .min(64)
    .max(400)
    .default(128)
    .describe(
      'Length in characters of the folder that builds install into: a binary can be installed in one that is not longer.',
    ),
  schedulePackages: z
    .int()
    .min(1)
    .max(256)
    .default(25)
    .describe('Number of random packages that a scheduled run builds; at most 256.'),
  refresh: z
    .boolean()
    .default(true)
    .describe(
      'Whether a scheduled run first renews environments, and packages whose recipe changed; these are at most half of its packages.',
    ),
  environments: z
    .record(
      Text,
      z.strictObject({
        refresh: Refresh.default('monthly').describe(
          'Whether scheduled runs solve it again with newer recipes: always, monthly (at most once a month) or never.',
        ),
      }),
    )
    .default({})
    .describe('Settings of individual environments, by name: refresh is always, monthly or never.'),
  exclude: z.array(PackageName).default([]).describe('Packages that scheduled runs never choose.'),
  retryAfterDays: Count.default(30).describe('Days before scheduled runs retry a package that failed.'),
  buildMinutes: z
    .int()
    .min(1)
    .max(345)
    .default(320)
    .describe(
      'Minutes after which a build job stops and uploads what it has built; GitHub ends every job after 360.',
    ),
  pagesBudget: Text.default('900MB')
    .refine((text) => Size.safeParse(text).success, { error: 'expected a size such as 900MB' })
    .describe('Maximum size of the whole site; GitHub Pages allows 1 GB.'),
  federate: z
    .array(SiblingUrl)
    .max(MOST_SIBLINGS)
    .refine((urls) => new Set(urls).size === urls.length, { error: 'expected each address once' })
    .default([])
    .describe(
      'Addresses of other caches made with this template, at most 12; the site searches all of them together.',
    ),
  baseImage: ImageName.default('ubuntu:24.04').describe(
    'Image under the layers of runnable containers; its glibc must not be older than that of the targets.',
  ),
  retention: z
    .strictObject({
      days: z.int().min(1).default(365).describe('Days for which every build is kept.'),
      newest: z
        .int()
        .min(0)
        .default(2)
        .describe(
          'Number of newest builds kept per package, version, target and compiler, regardless of age.',
        ),
      releases: z
        .int()
        .min(0)
        .optional()
        .describe(
          'Number of newest releases of the recipes whose builds are kept, regardless of age and size. Absent: those of the newest 2 are kept regardless of age, if they fit into `size`.',
        ),
      size: Text.refine((text) => Size.safeParse(text).success, { error: 'expected a size such as 50GB' })
        .optional()
        .describe(
          'Maximum size of all tarballs in the registry; the least useful builds are removed first. Absent: no limit.',
        ),
      graceDays: z
        .int()
        .min(1)
        .default(14)
        .describe('Days for which a removed build can still be downloaded, for clients with an older index.'),
    })
    .prefault({})
    .describe('Rules for the builds that prune removes.'),
});
export type BuildCacheSettings = z.infer<typeof BuildCacheSettings>;

/** Spack's name of the microarchitecture that a target's binaries are built for. */
export function microarchitectureOf({ name, target }: Target): string {
  return target ?? name;
}
