import { z } from 'zod';
import { DagHash } from '../digest.ts';
import { PackageName } from '../node.ts';
import { Deprecation } from '../package.ts';
import { Link, ListLinks, SchemaLink } from './link.ts';

/** `/api/advisories.json`: versions that recipes advise against and that are here. */
export const AdvisoryList = z
  .strictObject({
    schema: SchemaLink,
    advisories: z
      .array(
        z.strictObject({
          name: PackageName.describe('The package.'),
          ...Deprecation.shape,
          newer: z
            .string()
            .optional()
            .describe('The highest version here that is newer and not withdrawn. Absent: there is none.'),
          builds: z.array(DagHash).min(1).describe('Hashes of the builds here of that version.'),
          links: z
            .strictObject({ page: Link.describe("The package's page.") })
            .describe('Related documents.'),
        }),
      )
      .describe('What was seen last first.'),
    links: ListLinks.describe('Related documents.'),
  })
  .describe(
    "Versions that are here and that Spack's recipes mark deprecated, with the CVE ids that they name.",
  );
export type AdvisoryList = z.infer<typeof AdvisoryList>;
