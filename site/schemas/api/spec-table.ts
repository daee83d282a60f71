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
      compiler: Texts.describe('Compilers, `gcc@12.2.0`; several are joined by `,`. Empty: no compiler.'),
      buildSystem: Texts.describe('Build systems, `cmake`, `autotools` …. Empty: the spec has none.'),
      freshness: Texts.describe(
        'Results of comparing builds with the newest recipes that were read, as in `/api/recipes.json`: `unknown`, `current`, `no newer`, `older`.',
      ),
    })
    .describe(
      'Values for the columns of the same names, which hold indexes into these lists, counted from 0.',
    ),
  columns: z
    .strictObject({
      hash: z.array(DagHash).describe('DAG hashes.'),
      package: Places.describe('Index into `words.package`.'),
      version: Places.describe('Index into `words.version`.'),
      platform: Places.describe('Index into `words.platform`.'),
      os: Places.describe('Index into `words.os`.'),
      target: Places.describe('Index into `words.target`.'),
      compiler: Places.describe('Index into `words.compiler`.'),
      buildSystem: Places.describe('Index into `words.buildSystem`.'),
      freshness: Places.describe('Index into `words.freshness`.'),
      size: z.array(Count).describe('Bytes of the tarball.'),
      seconds: z.array(Count).describe('Build time in whole seconds, at least 1; 0: not known.'),
      published: z.array(Count).describe('When it was published: seconds since 1970.'),
      site: z
        .array(z.union([z.literal(0), z.literal(1)]))
        .describe('1: this site serves it with all its run-time dependencies. 0: only the registry does.'),
    })
    .describe(
      'One value per build, at the same index in each column. Sorted by package, then the highest version first.',
    ),
  links: linksTo({
    index: Link.describe('The index of this API.'),
    spec: Text.describe('One build: replace `{hash}` with its DAG hash.'),
  }),
});
export type SpecTable = z.infer<typeof SpecTable>;
