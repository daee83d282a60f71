import { z } from 'zod';
import { PackageName } from '../node.ts';
import { ListLinks, apiDocument } from './link.ts';
import { Text } from '../values.ts';

const Provider = z.strictObject({
  name: Text.describe('File name.'),
  packages: z.array(PackageName).min(1).describe('Packages with a build that has it, sorted.'),
});

/** `/api/programs.json`: programs and libraries, and the packages that have them. */
export const ProgramList = apiDocument('Programs and libraries, and the packages that have them.', {
  programs: z.array(Provider).describe('Files in `bin/` and `sbin/`, by name.'),
  libraries: z.array(Provider).describe('Shared libraries, by name.'),
  links: ListLinks,
});
export type ProgramList = z.infer<typeof ProgramList>;
