import type { Image } from '../schemas/build.ts';
import type { SiteCatalog } from './catalog/site-catalog.ts';

const MAX_TAG_LENGTH = 128;
/** Spack treats every tag with this ending as its own. */
const SPACK_ENDING = '.spack';

/** Whether a registry is a folder on the machine that built the site. */
export function isLocal(registry: string): boolean {
  return registry.startsWith('oci-layout:');
}

/** The part of a build that names its registry. */
export interface Stored {
  image: Pick<Image, 'registry'>;
}

/** Registry of a build: the one in its record, or else the cache's own. */
export function registryOf({ image: { registry } }: Stored, own: string): string {
  return registry === undefined || registry === withoutScheme(own) ? own : registry;
}

/** Builds grouped by registry: first the cache's own, which may have none, then the others, sorted. */
export function groupByRegistry<T extends Stored>(builds: Iterable<T>, own: string): Map<string, T[]> {
  const groups = Map.groupBy(builds, (build) => registryOf(build, own));
  const others = [...groups.keys()].filter((name) => name !== own).sort();
  return new Map([own, ...others].map((name) => [name, groups.get(name) ?? []]));
}

/** Registries that clients can pull from, the cache's own first. Empty if that is a folder. */
export function publicRegistries(builds: Iterable<Stored>, own: string): string[] {
  return isLocal(own) ? [] : [...groupByRegistry(builds, own).keys()];
}

/** A registry in the notation of OCI clients: `host/path`. */
export function withoutScheme(registry: string): string {
  return registry.replace(/^https?:\/\//, '');
}

/** Mirror URL of a registry for Spack. */
export function spackUrlOf(registry: string): string {
  return `${registry.startsWith('http://') ? 'oci+http' : 'oci'}://${withoutScheme(registry)}`;
}

/** Mirror name for a registry. From the second on, the names are numbered. */
export function registryMirrorName(cache: string, index: number): string {
  return `${cache}-registry${index === 0 ? '' : `-${index + 1}`}`;
}

/** Repository of the cache's own registry, without a scheme. Undefined if nobody can pull from it. */
export function repositoryOf({ registry }: SiteCatalog): string | undefined {
  return isLocal(registry) ? undefined : withoutScheme(registry);
}

/** `registry:tag` of an environment's published image. Undefined if nobody can pull it. */
export function environmentImage(name: string, catalog: SiteCatalog): string | undefined {
  const repository = repositoryOf(catalog);
  return repository && `${repository}:${environmentTag(name)}`;
}

/** The tag of the container of an environment: `env-<name>`. */
export function environmentTag(environment: string): string {
  return containerTag(`env-${environment}`);
}

/** Makes a tag from a text: other characters become `_`, and it never ends like Spack's own tags. */
function containerTag(text: string): string {
  const tag = text.replaceAll(/[^A-Za-z0-9_.-]/g, '_').slice(0, MAX_TAG_LENGTH);
  return tag.endsWith(SPACK_ENDING) ? `${tag.slice(0, -SPACK_ENDING.length)}_spack` : tag;
}
