import { z } from 'zod';
import { ListLinks, apiDocument, listOf } from './link.ts';
import { Text, Texts } from '../values.ts';

/** `/api/compilers.json`: compilers of the builds, the most common first. */
export const CompilerList = apiDocument(
  'Compilers of the builds. A build without compiled code has no compiler.',
  {
    compilers: listOf({
      name: Text.describe('The package that is the compiler: `gcc`.'),
      version: Text.describe('Its version.'),
      languages: Texts.min(1).describe('Languages that it compiled: `c`, `cxx`, `fortran`.'),
      builds: z.int().positive().describe('Number of builds that used it.'),
    }).describe('The most common first.'),
    links: ListLinks,
  },
);
export type CompilerList = z.infer<typeof CompilerList>;
