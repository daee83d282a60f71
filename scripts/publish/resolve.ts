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

/** Questions to the registry at a time. */
const CONCURRENCY = 8;

/** An entry that passed every check, with what its tarball told. */
export interface CheckedEntry extends CacheEntry {
  inspected: InspectedTarball;
}

/** Where and when entries are published. */
export interface Publishing {
  registry: Registry;
  /** Finds the registries of dependencies. */
  findRegistry: FindRegistry;
  /** The name of the registry in records. Absent: it is the cache's own. */
  registryName: string | undefined;
  /** What the catalog has of the entries. */
  recorded: ReadonlyMap<DagHash, Build | undefined>;
  catalogDirectory: string;
  /** Receives the images that the registry lacks. */
  layout: Layout;
  published: string;
  originOf(entry: CheckedEntry): Origin;
  /** How long builds took, where their job measured it. */
  times: ReadonlyMap<DagHash, BuildTimes>;
}

/** What becomes of the entries of one build cache. */
export interface Resolution {
  /** Builds that the catalog lacks. */
  newBuilds: NewBuild[];
  /** Number of images to push. */
  staged: number;
  /** Number of images that the registry had before the catalog did. */
  adopted: number;
  /** Sentences for the owner. */
  warnings: string[];
}

/**
 * Decides what becomes of each entry, and does it: fills the layout with the images to push, and collects the builds
 * to record. Throws, before anything is pushed, on an image that is lost.
 * @param resolution is added to
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
      const node = entry.nodes.get(needed)?.node;
      if (!layers.has(needed) && node) layers.set(needed, readBuild(catalogDirectory, node));
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
 * Does what was decided.
 * @param resolution is added to
 * @returns the build that images of others may take for a layer
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
    'both stay as they are, and clients of the registry get the latter'
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
 * What becomes of an entry, by what the catalog and the registry have of its build. A record is never replaced, and neither
 * is the image of a tag that the catalog names.
 */
type EntryDecision =
  /** Both have it: nothing changes. `other` is the tag's image where it is not the one that the catalog names. */
  | { kind: 'keep'; recorded: Build; other?: Descriptor }
  /** The catalog names an image that the registry lacks, and the entry gives just that one: push it again. */
  | { kind: 'restore'; recorded: Build; image: SpecImage }
  /** The catalog names an image that the registry lacks, and the entry gives another: nothing can be done here. */
  | { kind: 'lost'; recorded: Build; image: SpecImage }
  /** Neither has it: push and record it. */
  | { kind: 'add'; image: SpecImage }
  /** The registry has the very image that the entry gives, as after a run that stopped early: record it. */
  | { kind: 'adopt'; image: SpecImage }
  /**
   * The registry has another image, which the catalog does not name: a run pushed it and could not commit, is about to, or
   * somebody else put it there. It is not signed: the tag gets what was built here. Of two runs the first commit wins, and
   * the other points the tag back.
   */
  | { kind: 'replace'; image: SpecImage; tagged: Descriptor };

/** What is known of an entry's build. */
interface EntryState {
  /** The catalog's record. */
  recorded: Build | undefined;
  /** The image at the build's tag in the registry. */
  tagged: Descriptor | undefined;
  /** Composes the image that the entry gives; not called when it makes no difference. */
  compose(): SpecImage;
}

/** Decides what becomes of an entry. */
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
