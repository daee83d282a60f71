import { z } from 'zod';
import { Build, BuildTimes, Contents } from '../build.ts';
import { DagHash } from '../digest.ts';
import { BuildSummary } from './package-document.ts';
import { Count, Link, State, STATE_TEXT, apiDocument } from './link.ts';

/** The catalog's record of a build, without what its tarball or spec file says and few ask for. */
export const PublishedBuild = Build.omit({ times: true }).extend({
  contents: Contents.omit({ prefix: true }).describe('What it ships.'),
  seconds: BuildTimes.shape.total
    .optional()
    .describe('Seconds that it took to build, what it depends on left out. Absent: not measured.'),
});
export type PublishedBuild = z.infer<typeof PublishedBuild>;

/** `/api/specs/<hash>.json`: all that is known of one build. */
export const SpecDocument = apiDocument(
  'All that is known of one build. Addresses of its page, manifest, tarball and image follow from templates in `links` of the index; its node is in the list of its package’s nodes.',
  {
    spec: z.string().describe('The spec as Spack prints it, without the hash.'),
    state: State.describe(STATE_TEXT),
    signed: z.boolean().describe("Whether the mirror's manifest of it is signed."),
    build: PublishedBuild.describe('The binary: digests, sizes, what it ships, where it comes from.'),
    needs: z
      .strictObject(BuildSummary.pick({ libc: true, runs: true }).shape)
      .describe('What it and its run-time dependencies need of a machine.'),
    dependents: z
      .array(DagHash)
      .describe(
        'Hashes of the builds here that depend on it directly, the newest first, at most 10: the nodes of their packages say all.',
      ),
    moreDependents: Count.optional().describe('How many more builds depend on it directly. Absent: none.'),
    sbom: Link.optional().describe(
      'Its bill of materials in SPDX 2.3. Absent: this site has it for roots of environments and the newest builds only; `node scripts/sbom.ts` composes any.',
    ),
  },
);
export type SpecDocument = z.infer<typeof SpecDocument>;
