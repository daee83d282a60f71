import { join } from 'node:path';
import pMap from 'p-map';
import type { Build, BuildTimes, Image, Origin } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { Descriptor } from '../../site/schemas/image-manifest.ts';
import { readBuild } from '../catalog/catalog.ts';
import { buildFile } from '../../site/lib/catalog/catalog-files.ts';
import { carryBlob, type FindRegistry } from '../oci/open-registry.ts';
import { imageTag, type ImageLayer } from '../oci/image.ts';
import type { Layout } from '../oci/layout.ts';
import type { Registry } from '../oci/registry.ts';
import type { CacheEntry } from '../build-cache/build-cache.ts';
import type { InspectedTarball } from '../build-cache/tar/tarball.ts';
import { sortByDependency, composeSpecImage, type SpecImage } from './spec-image.ts';
import { recordBuild, type NewBuild } from './records.ts';

/** Number of requests to the registry at a time. */
const CONCURRENCY = 8;

/** An entry that passed every check, with the results from its tarball. */
export interface CheckedEntry extends CacheEntry {
  inspected: InspectedTarball;
}

/** Circumstances in which entries are published. */
export interface Publishing {
  registry: Registry;
  /** Finds the registries of dependencies. */
  findRegistry: FindRegistry;
  /** Name of the registry in records; undefined for the cache's own. */
  registryName: string | undefined;
  recorded: ReadonlyMap<DagHash, Build | undefined>;
  catalogDirectory: string;
  /** Receives the images that the registry lacks. */
  layout: Layout;
  published: string;
  originOf(entry: CheckedEntry): Origin;
  /** Build times, where the job measured them. */
  times: ReadonlyMap<DagHash, BuildTimes>;
}

/** Outcome for the entries of one build cache. */
export interface Resolution {
  /** Builds that the catalog lacks. */
  newBuilds: NewBuild[];
  staged: number;
  /** Number of images that the registry had before the catalog did. */
  adopted: number;
  /** Sentences for the owner. */
  warnings: string[];
}

/**
 * Decides on each entry and applies the decision: adds the images to push to the layout, and collects the
 * builds to record. Throws, before anything is pushed, when an image is lost.
 * @param resolution receives the results
 */
export async function resolveEntries(
  entries: readonly CheckedEntry[],
  publishing: Publishing,
  resolution: Resolution,
): Promise<void> {
  const { registry, catalogDirectory, recorded } = publishing;
  const tags = await readTags(entries, registry);
  const layers = new Map<DagHash, ImageLayer | undefined>();
  for (const entry of sortByDependency(entries)) {
    const { hash } = entry.root.node;
    // A node's layer: decided in this run, or recorded in the catalog.
    const findLayer = (needed: DagHash): ImageLayer | undefined => {
      const node = layers.has(needed)
        ? undefined
        : entry.nodes.find(({ node }) => node.hash === needed)?.node;
      if (node) layers.set(needed, readBuild(catalogDirectory, node));
      return layers.get(needed);
    };
    layers.set(hash, entry.inspected);
    const decision = decide({
      recorded: recorded.get(hash),
      tagged: tags.get(hash),
      compose: () => composeSpecImage(entry, findLayer),
    });
    layers.set(hash, await apply(decision, entry, publishing, resolution));
  }
}

/**
 * Applies a decision.
 * @param resolution receives the results
 * @returns the build that other images may use as a layer
 */
async function apply(
  decision: EntryDecision,
  entry: CheckedEntry,
  publishing: Publishing,
  resolution: Resolution,
): Promise<Build> {
  const { registry, findRegistry, registryName, catalogDirectory, layout, published, originOf, times } =
    publishing;
  const stage = async (image: SpecImage): Promise<void> => {
    for (const { tarball, image: stored } of image.layers)
      if (stored) await carryBlob(tarball, findRegistry({ image: stored }), { registry, layout });
    await layout.addFile(entry.tarballPath, entry.tarball);
    await layout.addBytes(image.configText);
    await layout.addTag(image.image.tag, image.manifestText);
    resolution.staged += 1;
  };
  const record = ({ image }: SpecImage): Build => {
    const circumstances = {
      published,
      origin: originOf(entry),
      times: times.get(entry.root.node.hash),
    };
    const build = recordBuild(entry, entry.inspected, { ...image, registry: registryName }, circumstances);
    resolution.newBuilds.push({ ...entry, build });
    return build;
  };
  switch (decision.kind) {
    case 'keep':
      if (decision.other) resolution.warnings.push(describeOtherImage(decision.recorded, decision.other));
      return decision.recorded;
    case 'restore':
      await stage(decision.image);
      return decision.recorded;
    case 'lost':
      throw new Error(
        describeLostImage(catalogDirectory, decision.recorded, registry, decision.image.image.digest),
      );
    case 'add':
      await stage(decision.image);
      return record(decision.image);
    case 'adopt':
      resolution.adopted += 1;
      return record(decision.image);
    case 'replace':
      resolution.warnings.push(describeReplacedImage(registry, decision.image.image, decision.tagged));
      await stage(decision.image);
      return record(decision.image);
  }
}

async function readTags(
  entries: readonly CheckedEntry[],
  registry: Registry,
): Promise<Map<DagHash, Descriptor>> {
  const described = await pMap(
    entries,
    async ({ root }) => [root.node.hash, await registry.describeTag(imageTag(root.node))] as const,
    { concurrency: CONCURRENCY },
  );
  const tags = new Map<DagHash, Descriptor>();
  for (const [hash, descriptor] of described) if (descriptor) tags.set(hash, descriptor);
  return tags;
}

function describeOtherImage(recorded: Build, tagged: Descriptor): string {
  return (
    `${recorded.image.tag}: the catalog names the image ${recorded.image.digest}, the registry's tag ${tagged.digest}; ` +
    'both are kept, and clients of the registry get the latter'
  );
}

function describeReplacedImage(registry: Registry, composed: Image, tagged: Descriptor): string {
  return (
    `${registry.reference}:${composed.tag}: the registry had the image ${tagged.digest}, which the catalog does not name, ` +
    `as after a run that could not commit; the tag now names the image of this build, ${composed.digest}`
  );
}

function describeLostImage(
  catalogDirectory: string,
  recorded: Build,
  registry: Registry,
  composed: string,
): string {
  return (
    `${join(catalogDirectory, buildFile(recorded))}: names the image ${recorded.image.digest}, which ${registry.reference} ` +
    `does not have, and this build cache would give ${composed}; push the old image again, or remove the record ` +
    'and its manifest from the catalog'
  );
}

/**
 * Decision on an entry, by what the catalog and the registry have of its build. A record is never replaced,
 * nor is the image of a tag that the catalog names.
 */
type EntryDecision =
  /** Both have it: nothing changes. `other` is the tag's image if it differs from the one in the catalog. */
  | { kind: 'keep'; recorded: Build; other?: Descriptor }
  /** The catalog names an image that the registry lacks, and the entry gives the same one: push it again. */
  | { kind: 'restore'; recorded: Build; image: SpecImage }
  /** The catalog names an image that the registry lacks, and the entry gives another one: an error. */
  | { kind: 'lost'; recorded: Build; image: SpecImage }
  /** Neither has it: push and record it. */
  | { kind: 'add'; image: SpecImage }
  /** The registry has the same image that the entry gives, as after a run that stopped early: record it. */
  | { kind: 'adopt'; image: SpecImage }
  /**
   * The registry has another image, which the catalog does not name: pushed by a run that could not commit or
   * is about to, or by somebody else. It is not signed: the tag is moved to this entry's image. Of two runs
   * the first commit wins, and the other run moves the tag back.
   */
  | { kind: 'replace'; image: SpecImage; tagged: Descriptor };

/** Existing state of an entry's build. */
interface EntryState {
  /** The catalog's record. */
  recorded: Build | undefined;
  /** Image at the build's tag in the registry. */
  tagged: Descriptor | undefined;
  /** Composes the entry's image; only called when the decision depends on it. */
  compose(): SpecImage;
}

/** Decides what to do with an entry. */
export function decide({ recorded, tagged, compose }: EntryState): EntryDecision {
  if (recorded && tagged) {
    const isSame = tagged.digest === recorded.image.digest;
    return { kind: 'keep', recorded, ...(isSame ? {} : { other: tagged }) };
  }
  const image = compose();
  if (recorded)
    return { kind: image.image.digest === recorded.image.digest ? 'restore' : 'lost', recorded, image };
  if (!tagged) return { kind: 'add', image };
  return tagged.digest === image.image.digest ? { kind: 'adopt', image } : { kind: 'replace', image, tagged };
}
