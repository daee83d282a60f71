import { z } from 'zod';
import { Sha256 } from '../digest.ts';
import { Link, ListLinks, apiDocument, listOf } from './link.ts';
import { Count, Text } from '../values.ts';

/** A settings file for Spack's remote `include:`. It never changes and is never removed. */
export const Include = z.strictObject({
  path: Link.describe('Value for `path:`.'),
  sha256: Sha256.describe('Value for `sha256:`; it is also in the file name.'),
});
export type Include = z.infer<typeof Include>;

/** `/api/views.json`: the mirror's named indexes, for Spack 1.2 or newer. */
export const ViewList = apiDocument(
  "The mirror's named indexes, for Spack 1.2 or newer, and settings for using the mirror and its views.",
  {
    views: listOf({
      name: Text.describe('Name for `spack mirror add --name NAME` and for `view:` in `mirrors.yaml`.'),
      builds: Count.describe('Number of builds in it.'),
      index: Link.describe('Its manifest on the mirror.'),
      settings: Link.describe('Settings file for Spack (1.2 or newer) that uses it.'),
      include: Include.optional().describe('The same for a remote `include:`. Absent: not recorded yet.'),
      solver: Link.describe(
        'The same settings, plus the sections `packages` and `concretizer`, which make the solver choose the builds of the view.',
      ),
      solverInclude: Include.optional().describe(
        '`solver` for a remote `include:`. Absent: not recorded yet.',
      ),
    }).describe('`all`, which also has the builds that are only in the registry, then the others by name.'),
    settings: listOf({
      name: Text.describe('A short, stable name.'),
      description: Text.describe('Purpose of the settings.'),
      spack: Text.describe('The oldest Spack that reads them.'),
      settings: Link.describe('A file for a configuration scope.'),
      include: Include.optional().describe('The same for a remote `include:`. Absent: not recorded yet.'),
    }).describe('Settings without a particular view.'),
    links: ListLinks,
  },
);
export type ViewList = z.infer<typeof ViewList>;
