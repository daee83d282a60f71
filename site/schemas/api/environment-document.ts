import { z } from 'zod';
import { DagHash } from '../digest.ts';
import { Coverage } from './coverage.ts';
import { Link, apiDocument, listOf, linksTo } from './link.ts';
import { Count, Text } from '../values.ts';

/** `/api/environments/<name>.json`: one environment, with the specs that have no binary and why. */
export const EnvironmentDocument = apiDocument(
  'One environment: which of its specs have a binary, and why the others have none.',
  {
    name: Text.describe("The environment's name."),
    roots: listOf({
      hash: DagHash.describe('DAG hash it was concretized to.'),
      spec: Text.describe('What was asked for.'),
      available: z.boolean().describe('Whether it has a binary here.'),
    }).describe('What the environment asks for.'),
    coverage: Coverage.describe('How much of it has a binary here.'),
    older: Count.optional().describe(
      'Roots whose build is older than the newest recipes that were read. Absent: nothing was compared.',
    ),
    next: z
      .strictObject({
        release: Text.optional().describe('The recipes that it was solved with. Absent: not known.'),
        ...Coverage.pick({ needed: true, available: true }).shape,
      })
      .optional()
      .describe('A solution with newer recipes that waits until it is built. Absent: there is none.'),
    links: linksTo({
      environments: Link.describe('All environments.'),
      settings: Link.optional().describe("Spack settings for the mirror's view of it. Absent: it has none."),
    }),
  },
);
export type EnvironmentDocument = z.infer<typeof EnvironmentDocument>;
