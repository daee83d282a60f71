import { z } from 'zod';
import { Count, ListLinks, SchemaLink } from './link.ts';

/** `/api/budget.json`: what of the cache fits on the site. */
export const BudgetDocument = z
  .strictObject({
    schema: SchemaLink,
    budget: Count.describe('Bytes that the whole site may take.'),
    bytes: z
      .strictObject({
        site: Count.describe('Pages and API, estimated.'),
        manifests: Count.describe("The mirror's manifests, estimated."),
        indexes: Count.describe('Its index and views, those of the deployment before included.'),
        tarballs: Count.describe('Tarballs.'),
        configs: Count.describe('Spec files.'),
        total: Count.describe('All of these.'),
      })
      .describe('Where it goes, as planned.'),
    builds: Count.describe('Builds whose tarballs lie on the site.'),
    leftOut: z
      .strictObject({
        builds: Count.describe('Builds whose tarballs only the registry has.'),
        size: Count.describe('Bytes of those tarballs.'),
        configs: Count.describe(
          'Spec files that only the registry has; clients do not need them to install.',
        ),
        views: z.array(z.string()).describe('Monthly views left out for their size, the newest first.'),
      })
      .describe('What does not fit.'),
    links: ListLinks.describe('Related documents.'),
  })
  .describe('What of the cache fits on the site. The registry has everything.');
export type BudgetDocument = z.infer<typeof BudgetDocument>;
