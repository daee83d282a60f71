import { z } from 'zod';
import { DagHash } from '../digest.ts';
import { Link, apiDocument, linksTo } from './link.ts';
import { Count, Text, Texts } from '../values.ts';

const Places = z.array(Count);

/** `/api/specs.json`: all builds as columns. A list of objects would be several times as large. */
export const SpecTable = apiDocument('All builds, column-wise (compact).', {
  builds: Count.describe('Number of builds: the length of each column.'),
  words: z
    .strictObject({
      package: Texts.describe('Names, sorted.'),
      version: Texts.describe('Versions.'),
      platform: Texts.describe('`linux`, `darwin` …'),
      os: Texts.describe('Operating systems.'),
      target: Texts.describe('Microarchitectures.'),
      compiler: Texts.describe('Compilers, `gcc@12.2.0`; several are joined by `,`, none is empty.'),
      buildSystem: Texts.describe('Build systems, `cmake`, `autotools` …; empty: the recipe names none.'),
      freshness: Texts.describe(
        'How a build compares with the newest recipes that were read, as `/api/recipes.json` says: `unknown`, `current`, `no newer`, `older`.',
      ),
    })
    .describe('What the numbers in the columns of the same names stand for: places, counted from 0.'),
  columns: z
    .strictObject({
      hash: z.array(DagHash).describe('DAG hashes.'),
      package: Places.describe('Place of the name in `words.package`.'),
      version: Places.describe('Place in `words.version`.'),
      platform: Places.describe('Place in `words.platform`.'),
      os: Places.describe('Place in `words.os`.'),
      target: Places.describe('Place in `words.target`.'),
      compiler: Places.describe('Place in `words.compiler`.'),
      buildSystem: Places.describe('Place in `words.buildSystem`.'),
      freshness: Places.describe('Place in `words.freshness`.'),
      size: z.array(Count).describe('Bytes of the tarball.'),
      seconds: z.array(Count).describe('Whole seconds that it took to build, at least 1; 0: not known.'),
      published: z.array(Count).describe('When it was published: seconds since 1970.'),
      site: z
        .array(z.union([z.literal(0), z.literal(1)]))
        .describe('1: this site serves it with all that it needs at run time. 0: only the registry does.'),
    })
    .describe(
      'One value for each build, at the same place in each column; by package, then the highest version.',
    ),
  links: linksTo({
    index: Link.describe('The index of this API.'),
    spec: Text.describe('One build: replace `{hash}` with its DAG hash.'),
  }),
});
export type SpecTable = z.infer<typeof SpecTable>;
