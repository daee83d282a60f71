import { z } from 'zod';
import { Sha256 } from '../digest.ts';
import { Link, apiDocument, listOf, linksTo } from './link.ts';
import { Count, Moment, Month, Text, Texts } from '../values.ts';

/** A file and its digest: a program that has seen the same sha256 need not read it again. */
const Content = z.strictObject({
  url: Link.describe('Where it is.'),
  sha256: Sha256.describe('Of its bytes.'),
  size: Count.describe('Bytes, uncompressed.'),
});

/** `/api/index.json`: the entry point of the API. */
export const IndexDocument = apiDocument(
  'Entry point: all endpoints with their digests. One small request shows whether anything is new.',
  {
    version: z
      .literal(1)
      .describe('Version of this API: within it fields may be added, none changes or goes.'),
    name: Text.describe('A name for this cache, as commands on the site use it.'),
    url: Link.describe('Address of the mirror for `spack mirror add`, and of the site.'),
    signed: z
      .boolean()
      .describe(
        'Whether the cache has a public key, so that Spack checks signatures; without one, add the mirror with `--unsigned`.',
      ),
    unsigned: Count.describe(
      'Builds without a signature. Where signatures are checked, Spack does not install them.',
    ),
    registry: Text.optional().describe(
      "The cache's own registry, `host/path`: it has the image of every build that names no other. Absent: it is not public.",
    ),
    registries: Texts.optional().describe(
      'All registries with images, `registry` first. Absent: they are not public.',
    ),
    commit: Text.regex(/^[0-9a-f]{40,64}$/)
      .optional()
      .describe('Git commit that the data was read from. Absent: the catalog is not in a git repository.'),
    updated: Moment.optional().describe('When the newest build was published. Absent: there is none.'),
    counts: z
      .strictObject({
        packages: Count.describe('Packages with a build.'),
        builds: Count.describe('Builds.'),
        buildsOnSite: Count.describe(
          'Builds that the site serves with all that they need at run time; the registry has all.',
        ),
        targets: Count.describe('Microarchitectures that builds are for.'),
        compilers: Count.describe('Versions of compilers that built them.'),
        environments: Count.describe('Environments.'),
        containers: Count.describe('Images that `docker run` starts.'),
        failures: Count.describe('Builds that failed.'),
        views: Count.describe("The mirror's named indexes."),
        keys: Count.describe('Public keys.'),
      })
      .describe('How much there is of what; each equals the length of its list.'),
    size: Count.describe('Bytes of all tarballs.'),
    endpoints: listOf({
      name: Text.describe('A short, stable name.'),
      url: Text.describe('Address; a URI template where it has braces: replace the names in them.'),
      description: Text.describe('What it answers.'),
      ...Content.pick({ sha256: true, size: true }).partial().shape,
    }).describe(
      'Every endpoint. Those without braces have the sha256 of their bytes: equal means nothing is new.',
    ),
    changes: listOf({ month: Month.describe('The month.'), ...Content.shape }).describe(
      'The months in which builds came or went, the newest first.',
    ),
    links: linksTo({
      packages: Link.describe('All packages.'),
      targets: Link.describe('All targets.'),
      keys: Link.describe('Public keys.'),
      views: Link.describe("The mirror's views."),
      package: Text.describe('A package: replace `{name}` with its name.'),
      spec: Text.describe('A build: replace `{hash}` with its DAG hash.'),
      page: Text.describe('The page of a build: replace `{name}` and `{hash}`.'),
      manifest: Text.describe(
        'The manifest of a build on the mirror: replace `{name}`, `{version}` and `{hash}`.',
      ),
      tarball: Text.describe(
        'The tarball of a build whose `state` is `site`: replace `{digest}` with the 64 hex digits of its sha256, and `{digest:2}` with the first two of them.',
      ),
      image: Text.optional().describe(
        'The image of a build without `build.image.registry`, which else takes the place of the registry: replace `{digest}` with `build.image.digest`. Absent: the registry is not public.',
      ),
      signature: Link.optional().describe(
        'Detached OpenPGP signature of this document. Absent: the cache has no key.',
      ),
      openapi: Link.describe('This API in OpenAPI 3.1.'),
      documentation: Link.describe('This API for people.'),
    }),
  },
);
export type IndexDocument = z.infer<typeof IndexDocument>;
