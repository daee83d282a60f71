import { databaseText } from '../../site/lib/spack/database.ts';
import type { MirrorPlan } from '../../site/lib/mirror/plan.ts';
import { ALL_VIEW, sortByManifest } from '../../site/lib/mirror/views.ts';
import type { Blob, Build } from '../../site/schemas/build.ts';
import type { Digest } from '../../site/schemas/digest.ts';
import { INDEX_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';
import { type Catalog, specFile } from '../../site/lib/catalog/catalog-files.ts';
import { OWN_INDEX, blobRecord, indexManifestPath, manifestText } from '../build-cache/mirror-manifest.ts';
import type { Dist } from './dist.ts';
import { blobOf } from '../cli/digest.ts';
import { groupByRegistry, registryOf, type Stored } from '../../site/lib/registry-address.ts';
import { INDEX_CONFIG_TEXT, INDEX_TAG, indexImage } from '../oci/image.ts';
import { createLayout } from '../oci/layout.ts';
import { openRegistries } from '../oci/open-registry.ts';
import type { Registry, RegistryManifest } from '../oci/registry.ts';
import { withTemporaryFolder } from '../cli/files.ts';
import { findUnreadable } from '../../site/lib/spack/node-faults.ts';

/**
 * Writes the blobs of a mirror's own index and of its views; equal ones are written once.
 * @returns each index's blob, keyed by the name of its view
 */
export async function writeIndexes(
  plan: MirrorPlan,
  nodes: Catalog['nodes'],
  dist: Dist,
): Promise<Map<string, Blob>> {
  const blobs = new Map<string, Blob>();
  const byRoots = new Map<string, Blob>();
  for (const [view, roots] of [[OWN_INDEX, [...plan.listed]] as const, ...plan.views]) {
    const key = roots.join();
    const blob = byRoots.get(key) ?? (await dist.addBytes(Buffer.from(databaseText(roots, nodes))));
    byRoots.set(key, blob);
    blobs.set(view, blob);
  }
  return blobs;
}

/** The blob of the index of everything. */
export function indexOfAll(indexes: ReadonlyMap<string, Blob>): Blob {
  const blob = indexes.get(ALL_VIEW);
  if (!blob) throw new Error(`expected a view "${ALL_VIEW}"`);
  return blob;
}

/** Writes the manifests of indexes whose blobs have been written. */
export async function writeIndexManifests(indexes: ReadonlyMap<string, Blob>, dist: Dist): Promise<void> {
  for (const [view, blob] of indexes) {
    await dist.addText(indexManifestPath(view), manifestText([blobRecord(blob, INDEX_MEDIA_TYPE, 'none')]));
  }
}

/** Digest of the index in an image of the registry's `index.spack`. */
export function indexDigestOf(image: RegistryManifest | undefined): Digest | undefined {
  return image?.manifest.layers[0]?.digest;
}

/** Whether an image has this index and all its blobs still exist: a manifest may outlive them. */
export async function holdsIndex(
  registry: Registry,
  image: RegistryManifest | undefined,
  index: Blob,
): Promise<boolean> {
  return (
    image !== undefined &&
    indexDigestOf(image) === index.digest &&
    (await registry.hasBlob(index)) &&
    registry.hasBlob(image.manifest.config)
  );
}

/** An index with its text, or the file of its text. */
export type IndexContent = { blob: Blob } & ({ file: string } | { text: string });

/** Index of the given builds. */
export function indexOfBuilds(
  builds: Iterable<Build>,
  nodes: Catalog['nodes'],
): IndexContent & { text: string } {
  const hashes = sortByManifest([...builds]).map(({ hash }) => hash);
  const text = databaseText(hashes, nodes);
  return { blob: blobOf(text), text };
}

/**
 * Index of the builds that are in a registry.
 * @param all the index of everything, used for a registry that has every build
 */
export function indexOfRegistry(
  { reference }: Registry,
  own: Registry,
  { builds, nodes }: Pick<Catalog, 'builds' | 'nodes'>,
  all: IndexContent,
): IndexContent {
  const there = [...builds.values()].filter((build) => registryOf(build, own.reference) === reference);
  return there.length === builds.size ? all : indexOfBuilds(there, nodes);
}

/** Receives a registry and the digest that its index tag pointed to before. */
type OnReplaced = (registry: Registry, digest: Digest) => Promise<void>;

/**
 * Pushes to each registry the index of its builds: an empty one if all were removed.
 * @param all the index of everything, used for a registry that has every build
 * @returns whether any index was changed
 */
export async function updateIndexImages(
  own: Registry,
  { catalog, retired }: { catalog: Pick<Catalog, 'builds' | 'nodes' | 'cache'>; retired: Iterable<Stored> },
  all: IndexContent,
  onReplaced: OnReplaced,
): Promise<boolean> {
  const findRegistry = openRegistries(own);
  let isChanged = false;
  for (const registry of groupByRegistry([...catalog.builds.values(), ...retired], own.reference).keys()) {
    const place = findRegistry({ image: { registry } });
    const index = indexOfRegistry(place, own, catalog, all);
    if (await updateIndexImage(place, catalog, index, onReplaced)) isChanged = true;
  }
  return isChanged;
}

/**
 * Points a registry's `index.spack` at an index, unless it already does and the blobs exist. Does nothing for
 * a catalog that never had a build: it has no registry to write to.
 * @returns whether it was changed
 */
export async function updateIndexImage(
  registry: Registry,
  catalog: Pick<Catalog, 'builds' | 'cache'>,
  index: IndexContent,
  onReplaced?: OnReplaced,
): Promise<boolean> {
  if (catalog.builds.size === 0 && !catalog.cache) return false;
  const { blob } = index;
  const current = await registry.readManifest(INDEX_TAG);
  if (await holdsIndex(registry, current, blob)) return false;
  await withTemporaryFolder(async (folder) => {
    const layout = await createLayout(folder);
    const config = await layout.addBytes(INDEX_CONFIG_TEXT);
    if ('text' in index) await layout.addBytes(index.text);
    else await layout.addFile(index.file, blob);
    await layout.addTag(INDEX_TAG, indexImage(blob, config));
    layout.close();
    await registry.push(layout.dir);
  });
  if (current && indexDigestOf(current) !== blob.digest)
    await onReplaced?.(registry, current.descriptor.digest);
  return true;
}

/** A catalog whose nodes can all be put into an index, and a sentence for each node that was left out. */
export interface ReadableCatalog {
  catalog: Catalog;
  leftOut: string[];
}

/**
 * Leaves out the nodes that would make an index unreadable to every client, and the builds that depend on
 * them, no matter how they came into the catalog.
 */
export function leaveOutUnreadable(catalog: Catalog): ReadableCatalog {
  const unreadable = findUnreadable(catalog.nodes);
  if (unreadable.size === 0) return { catalog, leftOut: [] };
  const isKept = ([hash]: [string, unknown]): boolean => !unreadable.has(hash);
  return {
    catalog: {
      ...catalog,
      nodes: new Map([...catalog.nodes].filter(isKept)),
      builds: new Map([...catalog.builds].filter(isKept)),
      manifests: new Map([...catalog.manifests].filter(isKept)),
    },
    leftOut: [...unreadable.values()].map(
      ({ node, reason }) =>
        `${specFile(node)}: left out of every index, since clients could not read an index with it: ${reason}; ` +
        'restore the file from git, or publish the build again',
    ),
  };
}
