import { z } from 'zod';
import { Link, ListLinks, apiDocument, listOf } from './link.ts';
import { Text } from '../values.ts';

/** `/api/targets.json`: targets of the builds, the most common first. */
export const TargetList = apiDocument('Targets (CPUs) of the builds.', {
  targets: listOf({
    name: Text.describe("Microarchitecture, by archspec's name."),
    builds: z.int().positive().describe('Number of builds.'),
    packages: z.int().positive().describe('Number of packages with a build.'),
    settings: Link.optional().describe(
      "Spack settings for the mirror's view of this target. Absent: there is none.",
    ),
  }).describe('The most common first.'),
  links: ListLinks,
});
export type TargetList = z.infer<typeof TargetList>;
