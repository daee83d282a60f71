import type { SiteCatalog } from './catalog/site-catalog.ts';

const MAX_TAG_LENGTH = 128;
/** Spack takes every tag that ends so for one of its own. */
const SPACK_ENDING = '.spack';

/** Whether a registry is a folder of the machine that built the site. */
export function isLocal(registry: string): boolean {
  return registry.startsWith('oci-layout:');
}

/** A registry as clients of OCI write it: `host/path`. */
export function withoutScheme(registry: string): string {
  return registry.replace(/^https?:\/\//, '');
}

/** The repository in the registry, without a scheme; none when nobody can pull from it. */
export function repositoryOf({ registry }: SiteCatalog): string | undefined {
  return isLocal(registry) ? undefined : withoutScheme(registry);
}

/** `registry:tag` of an environment's image, as publishing names it; none when nobody can pull it. */
export function environmentImage(name: string, catalog: SiteCatalog): string | undefined {
  const repository = repositoryOf(catalog);
  return repository && `${repository}:${environmentTag(name)}`;
}

/** The tag of the container of an environment: `env-<name>`. */
export function environmentTag(environment: string): string {
  return containerTag(`env-${environment}`);
}

/** Makes a text a tag: other characters become `_`, and nothing ends as Spack's own tags do. */
function containerTag(text: string): string {
  const tag = text.replaceAll(/[^A-Za-z0-9_.-]/g, '_').slice(0, MAX_TAG_LENGTH);
  return tag.endsWith(SPACK_ENDING) ? `${tag.slice(0, -SPACK_ENDING.length)}_spack` : tag;
}
