import { z } from 'zod';
import { ListLinks, apiDocument, listOf } from './link.ts';
import { Count, Month, Text } from '../values.ts';

const Share = z.strictObject({
  name: Text.describe('Its name.'),
  builds: Count.describe('Number of builds.'),
  size: Count.describe('Bytes of their tarballs.'),
});

/** `/api/stats.json`: totals of the whole cache. */
export const StatsDocument = apiDocument('Totals of the whole cache.', {
  packages: Count.describe('Packages with a build.'),
  builds: Count.describe('Builds.'),
  removed: Count.describe('Builds that were removed, including those that were published again.'),
  failures: Count.describe('Builds that failed.'),
  size: Count.describe('Bytes of all tarballs.'),
  installedSize: Count.describe('Bytes of the files in them.'),
  time: z
    .strictObject({
      seconds: Count.describe('Total seconds.'),
      builds: Count.describe('Builds whose time is known.'),
    })
    .describe('Time that it took to build everything in the cache.'),
  runnable: Count.describe('Builds whose image can be run.'),
  signed: Count.describe('Builds whose manifest is signed.'),
  months: listOf({
    month: Month.describe('The month.'),
    builds: Count.describe('Builds published, including those that were removed later.'),
    failures: Count.describe('Builds that failed.'),
  }).describe('Months with builds or failures, the oldest first.'),
  targets: z.array(Share).describe('Builds by target, the most common first.'),
  systems: z.array(Share).describe('Builds by operating system, the most common first.'),
  compilers: z.array(Share).describe('Builds by compiler, the most common first.'),
  links: ListLinks,
});
export type StatsDocument = z.infer<typeof StatsDocument>;
