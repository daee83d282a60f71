import type { ContainerList } from '../schemas/api/container-list.ts';
import { indexLink, schemaLink, TEMPLATES } from './api-links.ts';
import { containerReference, currentTags, taggedContainers } from './containers.ts';
import type { SiteCatalog } from './shape-catalog.ts';
import { externalUrl } from './url.ts';

export function describeContainers(catalog: SiteCatalog): ContainerList {
  return {
    schema: schemaLink('container-list'),
    containers: taggedContainers(catalog).map((container) => {
      const { environment, roots, os, architecture, digest, base, published, origin } = container;
      const reference = containerReference(container, catalog);
      return {
        ...(environment === undefined ? {} : { environment }),
        roots,
        os,
        architecture,
        tags: currentTags(container, catalog),
        ...(reference === undefined ? {} : { reference }),
        digest,
        base,
        published,
        ...(origin.run === undefined ? {} : { run: origin.run }),
      };
    }),
    links: { index: indexLink(), spec: externalUrl(TEMPLATES.spec) },
  };
}
