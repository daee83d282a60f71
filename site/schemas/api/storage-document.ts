import { z } from 'zod';
import { ListLinks, apiDocument } from './link.ts';
import { Count, Texts } from '../values.ts';

const Day = z.iso.date();

/** `/api/storage.json`: the part of the cache that fits on the site. */
export const StorageDocument = apiDocument(
  'How much of the cache is on the site. The registry has everything.',
  {
    budget: Count.describe('Maximum size of the whole site, in bytes.'),
    bytes: z
      .strictObject({
        site: Count.describe('Pages and API, estimated.'),
        manifests: Count.describe("The mirror's manifests, estimated."),
        indexes: Count.describe('Its index and views, including those of the previous deployment.'),
        tarballs: Count.describe('Tarballs.'),
        configs: Count.describe('Spec files.'),
        total: Count.describe('Sum of these.'),
      })
      .describe('Planned use of the budget, in bytes.'),
    builds: Count.describe('Builds whose tarballs are on the site.'),
    leftOut: z
      .strictObject({
        builds: Count.describe('Builds whose tarballs are only in the registry.'),
        size: Count.describe('Bytes of those tarballs.'),
        configs: Count.describe(
          'Spec files that are only in the registry; clients do not need them to install.',
        ),
        views: Texts.describe('Monthly views left out for their size, the newest first.'),
      })
      .describe('The part that does not fit.'),
    forecast: z
      .strictObject({
        date: Day.optional().describe(
          'Expected day. Absent: growth varies too much for one day; use the range.',
        ),
        earliest: Day.describe('Begin of the range that contains the day with a probability of 95%.'),
        latest: Day.describe('End of that range.'),
        bytesPerWeek: Count.describe('Average growth per week, in bytes, with everything that a build adds.'),
        weeks: Count.describe(
          'Number of weeks in this average; the last one is the week of the newest build.',
        ),
      })
      .optional()
      .describe(
        'When the budget will be used up if growth stays as it was lately. Absent: it is used up, the history is too ' +
          'short, growth has changed or varies too much, or it will last for more than five years.',
      ),
    links: ListLinks,
  },
);
export type StorageDocument = z.infer<typeof StorageDocument>;
