import { z } from 'zod';
import { Build, BuildTimes, Contents, Image, Tarball } from '../build.ts';
import { BuildSummary } from './package-document.ts';
import { Link, State, STATE_TEXT, apiDocument } from './link.ts';
import { Text } from '../values.ts';

/**
 * The catalog's record of a build, without rarely needed fields that follow from its other fields or from its
 * tarball and spec file.
 */
export const PublishedBuild = Build.omit({ times: true }).extend({
  tarball: Tarball.omit({ uncompressedDigest: true }).describe('Its tarball.'),
  image: Image.omit({ tag: true }).describe('Its image in the registry.'),
  contents: Contents.omit({ prefix: true }).describe('Programs and libraries in it.'),
  seconds: BuildTimes.shape.total
    .optional()
    .describe('Build time in seconds, without its dependencies. Absent: not measured.'),
});
export type PublishedBuild = z.infer<typeof PublishedBuild>;

/** `/api/specs/<hash>.json`: all details of one build. */
export const SpecDocument = apiDocument(
  'Details of one build. The addresses of its page, manifest, tarball and image follow from templates in `links` of the index. Its node is in the list of its package’s nodes; the lists of all packages show which builds depend on it.',
  {
    spec: Text.describe('The spec as Spack prints it, without the hash.'),
    state: State.describe(STATE_TEXT),
    signed: z.boolean().describe('Whether its manifest on the mirror is signed.'),
    build: PublishedBuild.describe('The binary: digests, sizes, contents and origin.'),
    needs: z
      .strictObject(BuildSummary.pick({ libc: true, runs: true }).shape)
      .describe('Requirements of the build and its run-time dependencies.'),
    sbom: Link.optional().describe(
      'Its bill of materials in SPDX 2.3. Absent: this site has it only for roots of environments and the newest builds; `node scripts/sbom.ts` makes the others.',
    ),
  },
);
export type SpecDocument = z.infer<typeof SpecDocument>;
