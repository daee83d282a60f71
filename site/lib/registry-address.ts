import type { SiteCatalog } from './catalog/site-catalog.ts';

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
  return repository && `${repository}:env-${name}`;
}
