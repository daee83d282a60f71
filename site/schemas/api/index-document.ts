import { z } from 'zod';
import { Sha256 } from '../digest.ts';
import { Link, apiDocument, listOf, linksTo } from './link.ts';
import { Count, Moment, Month, Text, Texts } from '../values.ts';

/** A file and its digest: a program that has seen the same sha256 need not read it again. */
const Content = z.strictObject({
  url: Link.describe('Address.'),
  sha256: Sha256.describe('sha256 of its bytes.'),
  size: Count.describe('Uncompressed size in bytes.'),
});

/** `/api/index.json`: the entry point of the API. */
export const IndexDocument = apiDocument(
  'Entry point: all endpoints with their digests. One small request shows whether anything is new.',
  {
    version: z
      .literal(1)
      .describe('Version of this API. Within a version fields may be added, but none is changed or removed.'),
    name: Text.describe('Name of this cache in the commands on the site.'),
    url: Link.describe('Address of the mirror for `spack mirror add`, and of the site.'),
    signed: z
      .boolean()
      .describe(
        'Whether the cache has a public key, so that Spack checks signatures. If not, add the mirror with `--unsigned`.',
      ),
    unsigned: Count.describe(
      'Builds without a signature. Spack does not install them when it checks signatures.',
    ),
    registry: Text.optional().describe(
      "The cache's own registry, `host/path`. It has the image of every build without `build.image.registry`. Absent: it is not public.",
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
          'Builds that the site serves with all their run-time dependencies; the registry has all builds.',
        ),
        targets: Count.describe('Microarchitectures of the builds.'),
        compilers: Count.describe('Compiler versions that built them.'),
        environments: Count.describe('Environments.'),
        containers: Count.describe('Images for `docker run`.'),
        failures: Count.describe('Builds that failed.'),
        views: Count.describe("The mirror's named indexes."),
        keys: Count.describe('Public keys.'),
      })
      .describe('Number of each; each equals the length of its list.'),
    size: Count.describe('Bytes of all tarballs.'),
    endpoints: listOf({
      name: Text.describe('A short, stable name.'),
      url: Text.describe('Address; a URI template where it has braces: replace the names in them.'),
      description: Text.describe('What it returns.'),
      ...Content.pick({ sha256: true, size: true }).partial().shape,
    }).describe(
      'All endpoints. Those without braces have the sha256 of their bytes: if it is the same, nothing is new.',
    ),
    changes: listOf({ month: Month.describe('The month.'), ...Content.shape }).describe(
      'Months in which builds were added or removed, the newest first.',
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
        'The image of a build: replace `{digest}` with `build.image.digest` and, if the build has `build.image.registry`, the registry with that. Absent: the registry is not public.',
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
