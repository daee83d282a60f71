import type { Image } from '../schemas/build.ts';
import type { SiteCatalog } from './catalog/site-catalog.ts';

const MAX_TAG_LENGTH = 128;
/** Spack takes every tag that ends so for one of its own. */
const SPACK_ENDING = '.spack';

/** Whether a registry is a folder of the machine that built the site. */
export function isLocal(registry: string): boolean {
  return registry.startsWith('oci-layout:');
}

/** A build, as far as its registry is concerned. */
export interface Stored {
  image: Pick<Image, 'registry'>;
}

/** The registry of a build: the one that its record names, else the cache's own. */
export function registryOf({ image: { registry } }: Stored, own: string): string {
  return registry === undefined || registry === withoutScheme(own) ? own : registry;
}

/** Builds by their registry: the cache's own, which may have none, then the others, sorted. */
export function groupByRegistry<T extends Stored>(builds: Iterable<T>, own: string): Map<string, T[]> {
  const groups = Map.groupBy(builds, (build) => registryOf(build, own));
  const others = [...groups.keys()].filter((name) => name !== own).sort();
  return new Map([own, ...others].map((name) => [name, groups.get(name) ?? []]));
}

/** The registries that clients can pull from, the cache's own first; none when that is a folder. */
export function publicRegistries(builds: Iterable<Stored>, own: string): string[] {
  return isLocal(own) ? [] : [...groupByRegistry(builds, own).keys()];
}

/** A registry as clients of OCI write it: `host/path`. */
export function withoutScheme(registry: string): string {
  return registry.replace(/^https?:\/\//, '');
}

/** A registry as Spack has it in a mirror. */
export function spackUrlOf(registry: string): string {
  return `${registry.startsWith('http://') ? 'oci+http' : 'oci'}://${withoutScheme(registry)}`;
}

/** The name that the mirror of a registry gets: those after the first are counted. */
export function registryMirrorName(cache: string, index: number): string {
  return `${cache}-registry${index === 0 ? '' : `-${index + 1}`}`;
}

/** The repository of the cache's own registry, without a scheme; none when nobody can pull from it. */
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
