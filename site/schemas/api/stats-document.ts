import { z } from 'zod';
import { ListLinks, apiDocument, listOf } from './link.ts';
import { Count, Month, Text } from '../values.ts';

const Share = z.strictObject({
  name: Text.describe('Its name.'),
  builds: Count.describe('Number of builds.'),
  size: Count.describe('Bytes of their tarballs.'),
});

/** `/api/stats.json`: totals of the whole cache. */
export const StatsDocument = apiDocument('Numbers over all.', {
  packages: Count.describe('Packages with a build.'),
  builds: Count.describe('Builds.'),
  removed: Count.describe('Builds that were removed, those published again since included.'),
  failures: Count.describe('Builds that failed.'),
  size: Count.describe('Bytes of all tarballs.'),
  installedSize: Count.describe('Bytes of the files in them.'),
  time: z
    .strictObject({
      seconds: Count.describe('Seconds that they took.'),
      builds: Count.describe('Builds whose time is known.'),
    })
    .describe('How long it took to build what is here.'),
  runnable: Count.describe('Builds whose image runs by itself.'),
  signed: Count.describe('Builds whose manifest is signed.'),
  months: listOf({
    month: Month.describe('The month.'),
    builds: Count.describe('Builds published, those removed since included.'),
    failures: Count.describe('What did not build.'),
  }).describe('The oldest first; months without either are left out.'),
  targets: z.array(Share).describe('Builds by target, the most common first.'),
  systems: z.array(Share).describe('Builds by operating system, the most common first.'),
  compilers: z.array(Share).describe('Builds by compiler, the most common first.'),
  links: ListLinks,
});
export type StatsDocument = z.infer<typeof StatsDocument>;
