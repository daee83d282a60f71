import { z } from 'zod';
import { DagHash } from '../digest.ts';
import { PackageName } from '../node.ts';
import { Deprecation } from '../package.ts';
import { Link, ListLinks, apiDocument, listOf, linksTo } from './link.ts';
import { Text } from '../values.ts';

/** `/api/advisories.json`: versions here that their recipes advise against. */
export const AdvisoryList = apiDocument(
  "Versions that are here and that Spack's recipes mark deprecated, with the CVE ids that they name.",
  {
    advisories: listOf({
      name: PackageName.describe('The package.'),
      ...Deprecation.shape,
      newer: Text.optional().describe(
        'The highest version here that is newer and not withdrawn. Absent: there is none.',
      ),
      builds: z.array(DagHash).min(1).describe('Hashes of the builds here of that version.'),
      links: linksTo({ page: Link.describe("The package's page.") }),
    }).describe('What was seen last first.'),
    links: ListLinks,
  },
);
export type AdvisoryList = z.infer<typeof AdvisoryList>;
