import { z } from 'zod';
import { Coverage } from './coverage.ts';
import { Link, ListLinks, SchemaLink } from './link.ts';

/** `/api/environments.json`: environments and how much of each is there. */
export const EnvironmentList = z
  .strictObject({
    schema: SchemaLink,
    environments: z
      .array(
        z.strictObject({
          name: z.string().describe("The environment's name."),
          ...Coverage.pick({ needed: true, available: true, percent: true, downloadSize: true }).shape,
          links: z
            .strictObject({ environment: Link.describe('All about it.') })
            .describe('Related documents.'),
        }),
      )
      .describe('Those that were concretized, by name.'),
    links: ListLinks.describe('Related documents.'),
  })
  .describe('Environments and how much of each has binaries here.');
export type EnvironmentList = z.infer<typeof EnvironmentList>;
