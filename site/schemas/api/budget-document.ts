import { z } from 'zod';
import { ListLinks, apiDocument } from './link.ts';
import { Count, Texts } from '../values.ts';

const Day = z.iso.date();

/** `/api/budget.json`: the part of the cache that fits on the site. */
export const BudgetDocument = apiDocument(
  'How much of the cache is on the site. The registry has everything.',
  {
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
        views: Texts.describe('Monthly views left out for their size, the newest first.'),
      })
      .describe('What does not fit.'),
    forecast: z
      .strictObject({
        date: Day.optional().describe('The day. Absent: growth varies too much for one, see the range.'),
        earliest: Day.describe('The beginning of a range that has the day with a probability of 95 %.'),
        latest: Day.describe('Its end.'),
        bytesPerWeek: Count.describe('Bytes that a week added on average, all that a build takes included.'),
        weeks: Count.describe('Weeks that this average is taken from; the last is that of the newest build.'),
      })
      .optional()
      .describe(
        'When the budget is full if the cache grows as it did lately. Absent: it is full, or the history is too short, ' +
          'growth has changed or varies too much, or there are more than five years to go.',
      ),
    links: ListLinks,
  },
);
export type BudgetDocument = z.infer<typeof BudgetDocument>;
