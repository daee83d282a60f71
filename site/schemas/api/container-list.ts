import type { z } from 'zod';
import { Container } from '../container.ts';
import { Link, apiDocument, listOf, linksTo } from './link.ts';
import { Text } from '../values.ts';

/** `/api/containers.json`: images for `docker run`, each with its current tags. */
export const ContainerList = apiDocument(
  'Images of builds and environments for `docker run`, with their current tags.',
  {
    containers: listOf({
      ...Container.pick({ environment: true, roots: true, os: true, architecture: true }).shape,
      tags: Container.shape.tags.describe(
        'Its current tags, the most specific first. One tag may name an image for each architecture.',
      ),
      reference: Text.optional().describe(
        '`registry:tag`, with the most specific tag. Absent: the registry is not public.',
      ),
      ...Container.pick({ digest: true, base: true, published: true }).shape,
      run: Container.shape.origin.shape.run,
    }).describe('The newest first.'),
    links: linksTo({
      index: Link.describe('The index of this API.'),
      spec: Text.describe('One of the roots: replace `{hash}` with its DAG hash.'),
    }),
  },
);
export type ContainerList = z.infer<typeof ContainerList>;
