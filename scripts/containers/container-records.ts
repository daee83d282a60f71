import { Container } from '../../site/schemas/container.ts';
import { hexOf } from '../../site/schemas/digest.ts';
import { readCatalogFiles } from '../catalog/catalog.ts';

/** `containers/<subject>/<digest in hex>.json`, relative to the catalog's folder. */
export function containerPath(subject: string, { digest }: Pick<Container, 'digest'>): string {
  return `containers/${subject}/${hexOf(digest)}.json`;
}

/** The catalog's records of the containers of a package or an environment (`env-<name>`). */
export function readContainers(catalogDirectory: string, subject: string): Container[] {
  return [...readCatalogFiles(catalogDirectory, 'containers', Container, subject).values()];
}
