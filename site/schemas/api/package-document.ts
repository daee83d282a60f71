import { z } from 'zod';
import { DagHash } from '../digest.ts';
import { PackageName } from '../node.ts';
import { Package } from '../package.ts';
import { State, STATE_TEXT, apiDocument } from './link.ts';
import { Count, Moment, Text, Texts } from '../values.ts';

/** A short description of a build. */
export const BuildSummary = z.strictObject({
  hash: DagHash.describe('DAG hash.'),
  version: Text.describe('Version, as Spack writes it.'),
  platform: Text.describe('`linux`, `darwin` …'),
  os: Text.describe('Operating system.'),
  target: Text.describe('Microarchitecture.'),
  libc: Text.optional().describe(
    'C library that it and its run-time dependencies were linked with, such as `glibc@2.36`. The solver reuses the build on machines with this version or a newer one. Absent: none.',
  ),
  runs: Text.optional().describe(
    'Oldest glibc that it runs on if installed by its hash. Absent: not known, or no `libc`.',
  ),
  compilers: Texts.describe('Compilers that built it, such as `gcc@12.2.0`.'),
  variants: Text.describe('Compiler flags and variants, as Spack prints them: `+mpi~cxx api=default`.'),
  size: Count.describe('Bytes of the tarball.'),
  seconds: z.number().nonnegative().optional().describe('Seconds that it took to build. Absent: not known.'),
  published: Moment.describe('When it was published.'),
  state: State.describe(STATE_TEXT),
});
export type BuildSummary = z.infer<typeof BuildSummary>;

/** `/api/packages/<name>.json`: a package and all its builds, the highest version first. */
export const PackageDocument = apiDocument(
  'A package and all its builds. Details of a build are in `/api/specs/<hash>.json`.',
  {
    name: PackageName.describe("The package's name."),
    metadata: Package.optional().describe("Metadata from the package's recipe. Absent: not read yet."),
    builds: z
      .array(BuildSummary)
      .min(1)
      .describe('The highest version first, then by target, then the newest.'),
  },
);
export type PackageDocument = z.infer<typeof PackageDocument>;
