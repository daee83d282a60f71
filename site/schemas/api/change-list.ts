import type { z } from 'zod';
import { DagHash } from '../digest.ts';
import { PackageName } from '../node.ts';
import { Link, apiDocument, listOf, linksTo } from './link.ts';
import { Moment, Month, Text } from '../values.ts';

const BUILD = {
  date: Moment.describe('When it was added or removed.'),
  hash: DagHash.describe('DAG hash.'),
  name: PackageName.describe('The package.'),
  version: Text.describe('Its version.'),
};

/** `/api/changes/<yyyy-mm>.json`: builds added and removed in a month, in order. */
export const ChangeList = apiDocument(
  'Builds added and removed in a month, in order. One day after the end of the month the list is final; therefore it ' +
    'has no link to the next month. The index lists all months.',
  {
    month: Month.describe('The month, UTC.'),
    added: listOf(BUILD).describe('Builds that were added, the oldest first.'),
    removed: listOf({ ...BUILD, reason: Text.describe('Why it was removed.') }).describe(
      'Builds that were removed, the oldest first.',
    ),
    links: linksTo({
      index: Link.describe('The index of this API.'),
      previous: Link.optional().describe('The previous month with changes. Absent: this is the first.'),
    }),
  },
);
export type ChangeList = z.infer<typeof ChangeList>;
