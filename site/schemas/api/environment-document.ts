import { z } from 'zod';
import { DagHash } from '../digest.ts';
import { Coverage } from './coverage.ts';
import { Link, SchemaLink } from './link.ts';

/** `/api/environments/<name>.json`: one environment, what of it is there, and why the rest is not. */
export const EnvironmentDocument = z
  .strictObject({
    schema: SchemaLink,
    name: z.string().describe("The environment's name."),
    roots: z
      .array(
        z.strictObject({
          hash: DagHash.describe('DAG hash it was concretized to.'),
          spec: z.string().describe('What was asked for.'),
          available: z.boolean().describe('Whether it has a binary here.'),
        }),
      )
      .describe('What the environment asks for.'),
    coverage: Coverage.describe('How much of it has a binary here.'),
    links: z
      .strictObject({
        environments: Link.describe('All environments.'),
        settings: Link.optional().describe(
          "Spack settings for the mirror's view of it. Absent: it has none.",
        ),
      })
      .describe('Related documents.'),
  })
  .describe('One environment: which of its specs have a binary, and why the others have none.');
export type EnvironmentDocument = z.infer<typeof EnvironmentDocument>;
