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
      hash: DagHash.describe('DAG hash of the concrete spec.'),
      spec: Text.describe('The requested spec.'),
      available: z.boolean().describe('Whether it has a binary here.'),
    }).describe('Specs that the environment requests.'),
    coverage: Coverage.describe('How much of it has a binary here.'),
    older: Count.optional().describe(
      'Roots that newer recipes would build differently, as in `/api/recipes.json`. Absent: nothing was compared.',
    ),
    next: z
      .strictObject({
        release: Text.optional().describe('The recipes that it was solved with. Absent: not known.'),
        ...Coverage.pick({ needed: true, available: true }).shape,
      })
      .optional()
      .describe('A solution with newer recipes that is used once it is built. Absent: there is none.'),
    links: linksTo({
      environments: Link.describe('All environments.'),
      settings: Link.optional().describe(
        "Spack settings for the mirror's view of it. Absent: there is none.",
      ),
    }),
  },
);
export type EnvironmentDocument = z.infer<typeof EnvironmentDocument>;
