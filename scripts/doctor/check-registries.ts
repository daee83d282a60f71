import { groupByRegistry, registryOf, type Stored } from '../../site/lib/registry-address.ts';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { indexOfRegistry, updateIndexImage, type IndexContent } from '../mirror/indexes.ts';
import { openRegistries } from '../oci/open-registry.ts';
import type { Registry } from '../oci/registry.ts';
import { checkRegistry, type RegistryCheck } from './check-registry.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { ExaminedCatalog } from './read-catalog.ts';

interface RegistriesCheck extends Pick<RegistryCheck, 'limit' | 'now'> {
  own: Registry;
  /** The catalog as indexes have it: without nodes that clients cannot read. */
  indexed: Pick<Catalog, 'builds' | 'nodes' | 'cache'>;
  /** The index of everything. */
  all: IndexContent;
  /** Folder in which a run that reads every byte records its progress. Absent: bytes are not read. */
  journal?: string | undefined;
}

/** Compares each registry with its part of the catalog. */
export async function checkRegistries(
  read: ExaminedCatalog,
  diagnosis: Diagnosis,
  { own, indexed, all, journal, ...check }: RegistriesCheck,
): Promise<void> {
  const findRegistry = openRegistries(own);
  const graced = [...read.removed.values()].flatMap(({ grace }) => grace?.build ?? []);
  const groups = groupByRegistry([...read.catalog.builds.values(), ...graced], own.reference);
  for (const name of groups.keys()) {
    const registry = findRegistry({ image: { registry: name } });
    const isThere = (build: Stored): boolean => registryOf(build, own.reference) === name;
    const index = indexOfRegistry(registry, own, indexed, all);
    const part = registry === own && groups.size === 1 ? read : partOf(read, isThere, registry === own);
    const fixIndex = async (): Promise<void> => void (await updateIndexImage(registry, indexed, index));
    const answers = await checkRegistry(part, diagnosis, { ...check, registry, index: index.blob, fixIndex });
    if (!answers || journal === undefined) continue;
    const { checkRegistryBytes } = await import('./check-bytes.ts');
    await checkRegistryBytes(part, diagnosis, { registry, index: index.blob, journal });
  }
}

/** The part of a catalog that is in one registry. Containers are in the cache's own registry. */
function partOf(read: ExaminedCatalog, isThere: (build: Stored) => boolean, isOwn: boolean): ExaminedCatalog {
  const builds = new Map([...read.catalog.builds].filter(([, build]) => isThere(build)));
  const removed = [...read.removed].filter(([, { grace }]) => grace && isThere(grace.build));
  return {
    ...read,
    catalog: { ...read.catalog, builds },
    removed: new Map(removed),
    containers: isOwn ? read.containers : [],
  };
}
