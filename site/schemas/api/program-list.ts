import { z } from 'zod';
import { PackageName } from '../node.ts';
import { ListLinks, SchemaLink } from './link.ts';

const Provider = z.strictObject({
  name: z.string().describe('File name.'),
  packages: z.array(PackageName).min(1).describe('Packages with a build that ships it, sorted.'),
});

/** `/api/programs.json`: in which packages programs and libraries are. */
export const ProgramList = z
  .strictObject({
    schema: SchemaLink,
    programs: z.array(Provider).describe('Files in `bin/` and `sbin/`, by name.'),
    libraries: z.array(Provider).describe('Shared libraries, by name.'),
    links: ListLinks.describe('Related documents.'),
  })
  .describe('Programs and libraries, and the packages that have them.');
export type ProgramList = z.infer<typeof ProgramList>;
