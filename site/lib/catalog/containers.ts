import type { Container } from '../../schemas/container.ts';
import { environmentImage, repositoryOf } from '../registry-address.ts';
import type { SiteCatalog, CatalogContainers } from './site-catalog.ts';
import { compareTexts } from '../spack/versions.ts';

/** Groups the records of containers. A tag belongs to the newest record that names it. */
export function groupContainers(records: readonly Container[]): CatalogContainers {
  const all = records.toSorted(
    (a, b) => compareTexts(b.published, a.published) || compareTexts(a.digest, b.digest),
  );
  const single = all.filter(({ environment }) => environment === undefined);
  const atTag = new Map<string, Container>();
  for (const container of all.toReversed()) {
    for (const tag of container.tags) atTag.set(placeOf(tag, container), container);
  }
  return {
    all,
    byBuild: Map.groupBy(single, ({ roots: [root = ''] }) => root),
    byEnvironment: Map.groupBy(
      all.filter(({ environment }) => environment !== undefined),
      ({ environment = '' }) => environment,
    ),
    atTag,
  };
}

/**
 * `registry:tag` of a container, or `registry@digest` once newer ones
 * have taken over all its tags. Undefined if nobody can pull it.
 */
export function containerReference(container: Container, catalog: SiteCatalog): string | undefined {
  const repository = repositoryOf(catalog);
  if (repository === undefined) return undefined;
  const tag = currentTags(container, catalog)[0];
  return tag === undefined ? `${repository}@${container.digest}` : `${repository}:${tag}`;
}

/** Containers that have a tag now, the newest first. */
export function taggedContainers(catalog: SiteCatalog): Container[] {
  return catalog.containers.all.filter((container) => currentTags(container, catalog).length > 0);
}

/** Current tags of a container. */
export function currentTags(container: Container, { containers }: SiteCatalog): string[] {
  return container.tags.filter((tag) => containers.atTag.get(placeOf(tag, container)) === container);
}

/** The container of an environment, its architectures and its base. Undefined: there is none. */
export function describeEnvironmentContainer(name: string, catalog: SiteCatalog) {
  const containers = catalog.containers.byEnvironment.get(name) ?? [];
  const current = containers.filter((container) => currentTags(container, catalog).length > 0);
  const reference = environmentImage(name, catalog);
  if (current.length === 0 || reference === undefined) return undefined;
  return {
    reference,
    platforms: current.map(({ os, architecture }) => `${os}/${architecture}`).sort(),
    bases: [...new Set(current.map(({ base }) => base.name))].sort(),
  };
}

function placeOf(tag: string, { os, architecture }: Container): string {
  return `${tag} ${os}/${architecture}`;
}
