import { z } from 'zod';
import { AlikeBuild } from '../../checks/alike-builds.ts';
import { Reproduction } from '../../checks/reproduction.ts';
import { ListLinks, apiDocument } from '../link.ts';

/** `/api/reproduced.json`: builds that came out the same when they were built a second time. */
export const ReproducedDocument = apiDocument(
  'Builds that came out the same when they were built a second time.',
  {
    last: Reproduction.optional().describe('The last comparison of two builds. Absent: there was none yet.'),
    alike: z
      .array(AlikeBuild)
      .describe(
        'Builds here that came out the same whenever they were built again, sorted by name and hash.',
      ),
    links: ListLinks,
  },
);
export type ReproducedDocument = z.infer<typeof ReproducedDocument>;
