import { join } from 'node:path';
import pMap from 'p-map';
import type { Build, Image, Origin } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { Descriptor } from '../../site/schemas/image-manifest.ts';
import { readBuild } from '../catalog/catalog.ts';
import { buildFile } from '../../site/lib/catalog/catalog-files.ts';
import { imageTag } from '../oci/image.ts';
import type { Layout } from '../oci/layout.ts';
import type { Registry } from '../oci/registry.ts';
import type { ImageLayer } from '../oci/runtime-layers.ts';
import type { CacheEntry } from '../build-cache/build-cache.ts';
import type { InspectedTarball } from '../build-cache/tar/tarball.ts';
import { sortByDependency, composeSpecImage, stageSpecImage } from './spec-image.ts';
import type { NewBuild } from './records.ts';
import { recordBuild } from './records.ts';

/** Questions to the registry at a time. */
const CONCURRENCY = 8;

/** An entry that passed every check, with what its tarball told. */
export interface CheckedEntry extends CacheEntry {
  inspected: InspectedTarball;
}

/** Where and when entries are published. */
export interface Publishing {
  registry: Registry;
  catalogDirectory: string;
  /** Receives the images that the registry lacks. */
  layout: Layout;
  published: string;
  /** @param claimedSpack the version that the tarball names */
  originOf(claimedSpack?: string): Origin;
}

/** What becomes of the entries of one build cache. */
export interface Resolution {
  /** Builds that the catalog lacks. */
  newBuilds: NewBuild[];
  /** Number of images to push. */
  staged: number;
  /** Number of images that the registry had before the catalog did. */
  adopted: number;
  /** Builds whose tag has an image that differs from theirs, each with a sentence for the owner. */
  refused: Map<DagHash, string>;
  /** Sentences for the owner. */
  warnings: string[];
}

/**
 * Decides for each entry: the catalog has it, the registry has this very image (then that is adopted), or it is new. A
 * tag that exists is never replaced; a build whose tag has another image is refused. Fills the layout with the images to push.
 */
export async function resolveEntries(
  entries: readonly CheckedEntry[],
  publishing: Publishing,
): Promise<Resolution> {
  const { registry, catalogDirectory, layout, published, originOf } = publishing;
  const tags = await readTags(entries, registry);
  const layers = new Map<DagHash, ImageLayer | undefined>();
  const resolution: Resolution = { newBuilds: [], staged: 0, adopted: 0, refused: new Map(), warnings: [] };

  for (const entry of sortByDependency(entries)) {
    const { node } = entry.root;
    const known = readBuild(catalogDirectory, node);
    const tagged = tags.get(node.hash);
    if (known && tagged) {
      if (tagged.digest !== known.image.digest) resolution.warnings.push(describeOtherImage(known, tagged));
      layers.set(node.hash, known);
      continue;
    }
    layers.set(node.hash, entry.inspected);
    const composed = composeSpecImage(entry, (hash) => findLayer(hash, entry));
    if (known && composed.image.digest !== known.image.digest) {
      throw new Error(describeLostImage(catalogDirectory, known, registry, composed.image.digest));
    }
    if (!tagged) {
      await stageSpecImage(layout, composed, { path: entry.tarballPath, blob: entry.tarball });
      resolution.staged += 1;
    }
    if (known) {
      layers.set(node.hash, known);
      continue;
    }
    if (tagged && tagged.digest !== composed.image.digest) {
      // Nobody here built what is in it: it is neither replaced nor signed.
      layers.set(node.hash, undefined);
      resolution.refused.set(node.hash, describeForeignImage(registry, composed.image, tagged));
      continue;
    }
    if (tagged) resolution.adopted += 1;
    const circumstances = { published, origin: originOf(entry.inspected.spackVersion) };
    const build = recordBuild(entry, entry.inspected, composed.image, circumstances);
    layers.set(node.hash, build);
    resolution.newBuilds.push({ ...entry, build });
  }
  return resolution;

  /** A node's layer: decided in this run, or recorded in the catalog. */
  function findLayer(hash: DagHash, { nodes }: CacheEntry): ImageLayer | undefined {
    const node = nodes.get(hash)?.node;
    if (!layers.has(hash) && node) layers.set(hash, readBuild(catalogDirectory, node));
    return layers.get(hash);
  }
}

async function readTags(
  entries: readonly CheckedEntry[],
  registry: Registry,
): Promise<Map<DagHash, Descriptor>> {
  const found = await pMap(
    entries,
    async ({ root }) => [root.node.hash, await registry.describeTag(imageTag(root.node))] as const,
    { concurrency: CONCURRENCY },
  );
  const tags = new Map<DagHash, Descriptor>();
  for (const [hash, descriptor] of found) if (descriptor) tags.set(hash, descriptor);
  return tags;
}

function describeOtherImage(known: Build, tagged: Descriptor): string {
  return (
    `${known.image.tag}: the catalog names the image ${known.image.digest}, the registry's tag ${tagged.digest}; ` +
    'both stay as they are, and clients of the registry get the latter'
  );
}

function describeForeignImage(registry: Registry, composed: Image, tagged: Descriptor): string {
  return (
    `${registry.reference}:${composed.tag}: expected the image ${composed.digest} of this build, found ${tagged.digest}, ` +
    'which differs from it and is in no catalog; the build is not published: look at that image, delete the tag, and publish again'
  );
}

function describeLostImage(
  catalogDirectory: string,
  known: Build,
  registry: Registry,
  composed: string,
): string {
  return (
    `${join(catalogDirectory, buildFile(known))}: names the image ${known.image.digest}, which ${registry.reference} ` +
    `does not have, and this build cache would give ${composed}; push the old image again, or remove the record ` +
    'and its manifest from the catalog'
  );
}
