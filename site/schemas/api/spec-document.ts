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
  contents: Contents.omit({ prefix: true }).describe('What it ships.'),
  seconds: BuildTimes.shape.total
    .optional()
    .describe('Seconds that it took to build, what it depends on left out. Absent: not measured.'),
});
export type PublishedBuild = z.infer<typeof PublishedBuild>;

/** `/api/specs/<hash>.json`: all details of one build. */
export const SpecDocument = apiDocument(
  'All that is known of one build. Addresses of its page, manifest, tarball and image follow from templates in `links` of the index; its node is in the list of its package’s nodes, and the lists of all packages say which builds depend on it.',
  {
    spec: Text.describe('The spec as Spack prints it, without the hash.'),
    state: State.describe(STATE_TEXT),
    signed: z.boolean().describe("Whether the mirror's manifest of it is signed."),
    build: PublishedBuild.describe('The binary: digests, sizes, what it ships, where it comes from.'),
    needs: z
      .strictObject(BuildSummary.pick({ libc: true, runs: true }).shape)
      .describe('What it and its run-time dependencies need of a machine.'),
    sbom: Link.optional().describe(
      'Its bill of materials in SPDX 2.3. Absent: this site has it for roots of environments and the newest builds only; `node scripts/sbom.ts` composes any.',
    ),
  },
);
export type SpecDocument = z.infer<typeof SpecDocument>;
