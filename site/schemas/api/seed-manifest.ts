import { z } from 'zod';
import { Link, listOf } from './link.ts';
import { Text, Texts } from '../values.ts';

/** `/manifest/`: the newest builds, in the format of the first build caches on GitHub Pages. */
export const SeedManifest = z
  .strictObject({
    keys: z.array(Link).describe('Public keys.'),
    packages: listOf({
      name: Text.describe('Name of the artifact: the tag of its image, `<name>-<version>-<hash>.spack`.'),
      spec: Link.describe(
        "JSON of its spec: Spack's own spec file if this site has it, otherwise this API's document of the build.",
      ),
      url: Text.describe(
        'Its image, `registry:tag`, or its manifest on the mirror if the registry is not public.',
      ),
      html_url: Link.describe('Its page.'),
    }).describe('The newest first, at most 250.'),
  })
  .describe('The newest builds, in the format of the first build caches on GitHub Pages. Served as HTML.');
export type SeedManifest = z.infer<typeof SeedManifest>;

/** `/manifest/dates/`: addresses of the lists of each month's builds, in the same format. */
export const SeedDates = z
  .strictObject({
    keys: z.array(Link).describe('Public keys.'),
    branch: Text.describe('Git branch of the data.'),
    subfolder: Text.describe('Folder of the data in it.'),
    url_prefix: Text.describe(
      'Address to append a date to; with `/index.manifest.json` after it, it is an index of builds.',
    ),
    dates: Texts.describe('Months in which builds were published, `yyyy-mm`, the newest first.'),
  })
  .describe(
    'Addresses of lists of the builds up to each month, in the format of the first build caches on GitHub Pages. Served as HTML.',
  );
export type SeedDates = z.infer<typeof SeedDates>;
