import { z } from 'zod';
import { DagHash } from '../digest.ts';
import { PackageName } from '../node.ts';
import { Deprecation } from '../package.ts';
import { Link, ListLinks, apiDocument, listOf, linksTo } from './link.ts';
import { Text } from '../values.ts';

/** `/api/advisories.json`: versions here that their recipes advise against. */
export const AdvisoryList = apiDocument(
  "Versions in this cache that Spack's recipes mark as deprecated, with the CVE ids that the recipes mention.",
  {
    advisories: listOf({
      name: PackageName.describe('The package.'),
      ...Deprecation.shape,
      newer: Text.optional().describe(
        'The highest newer version here that is not deprecated. Absent: there is none.',
      ),
      builds: z.array(DagHash).min(1).describe('DAG hashes of the builds of that version.'),
      links: linksTo({ page: Link.describe("The package's page.") }),
    }).describe('The most recently seen first.'),
    links: ListLinks,
  },
);
export type AdvisoryList = z.infer<typeof AdvisoryList>;
