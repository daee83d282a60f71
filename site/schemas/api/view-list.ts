import { z } from 'zod';
import { Sha256 } from '../digest.ts';
import { Link, ListLinks, apiDocument, listOf } from './link.ts';
import { Count, Text } from '../values.ts';

/** A settings file for Spack's remote `include:`. It never changes and is never removed. */
export const Include = z.strictObject({
  path: Link.describe('For `path:`.'),
  sha256: Sha256.describe('For `sha256:`; it is also in the file name.'),
});
export type Include = z.infer<typeof Include>;

/** `/api/views.json`: the mirror's named indexes, for Spack 1.2 or newer. */
export const ViewList = apiDocument(
  "The mirror's named indexes, for Spack 1.2 or newer, and settings to use mirror and views.",
  {
    views: listOf({
      name: Text.describe('For `spack mirror add --name NAME` and `view:` in `mirrors.yaml`.'),
      builds: Count.describe('Number of builds in it.'),
      index: Link.describe("The mirror's manifest of it."),
      settings: Link.describe('Spack settings (1.2 or newer) that use it, to download.'),
      include: Include.optional().describe('The same for a remote `include:`. Absent: not recorded yet.'),
      solver: Link.describe(
        'The same settings with what makes the solver choose what is in the view: sections `packages` and `concretizer`.',
      ),
      solverInclude: Include.optional().describe(
        '`solver` for a remote `include:`. Absent: not recorded yet.',
      ),
    }).describe('`all`, which lists what the registry alone has too, then the others by name.'),
    settings: listOf({
      name: Text.describe('A short, stable name.'),
      description: Text.describe('What they configure.'),
      spack: Text.describe('The oldest Spack that reads them.'),
      settings: Link.describe('A file for a configuration scope.'),
      include: Include.optional().describe('The same for a remote `include:`. Absent: not recorded yet.'),
    }).describe('Settings without a particular view.'),
    links: ListLinks,
  },
);
export type ViewList = z.infer<typeof ViewList>;
