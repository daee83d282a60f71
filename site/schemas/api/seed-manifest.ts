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
        "JSON of its spec: Spack's own spec file where this site has it, else this API's document of it.",
      ),
      url: Text.describe('Its image, `registry:tag`. Without a public registry: its manifest on the mirror.'),
      html_url: Link.describe('Its page.'),
    }).describe('The newest first, at most 250.'),
  })
  .describe('The newest builds, in the form of the first build caches on GitHub Pages. Sent as HTML.');
export type SeedManifest = z.infer<typeof SeedManifest>;

/** `/manifest/dates/`: addresses of the lists of each month's builds, in the same format. */
export const SeedDates = z
  .strictObject({
    keys: z.array(Link).describe('Public keys.'),
    branch: Text.describe('Git branch of the data.'),
    subfolder: Text.describe('Folder of the data in it.'),
    url_prefix: Text.describe(
      'Address that a date is put behind; `/index.manifest.json` after it is an index of builds.',
    ),
    dates: Texts.describe('Months in which builds were published, `yyyy-mm`, the newest first.'),
  })
  .describe(
    'Where the builds up to each month are listed, in the form of the first build caches on GitHub Pages. Sent as HTML.',
  );
export type SeedDates = z.infer<typeof SeedDates>;
