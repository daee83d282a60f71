import pMap from 'p-map';
import type { Blob, Build } from '../../site/schemas/build.ts';
import { describeError } from '../cli/command.ts';
import { describeVisibility } from '../github/visibility.ts';
import { holdsIndex, indexDigestOf } from '../mirror/indexes.ts';
import { INDEX_TAG } from '../oci/image.ts';
import { RegistryRefusedError } from '../oci/errors.ts';
import type { Registry } from '../oci/registry.ts';
import type { ExaminedCatalog } from './read-catalog.ts';
import { checkContainers } from './check-containers.ts';
import { restoreImage } from './restore-image.ts';
import { checkOrphans, isListed, listFolder, type Folder } from './registry-folder.ts';
import { REQUESTS, sampleNote, takeDailySample, type Diagnosis, type Fix } from './diagnosis.ts';

/** Attestations that cosign and GitHub store next to an image in a registry without referrers. */
const ATTESTATION_TAG = /^sha256-[0-9a-f]{64}/;

/** Options for checking a registry. */
export interface RegistryCheck {
  registry: Registry;
  /** The index of everything, as it should be. */
  index: Blob;
  /** Maximum number of images and blobs to check; a folder is checked completely. */
  limit: number;
  now: Date;
  /** Points the registry's index tag to the right index. */
  fixIndex: Fix;
}

/**
 * Compares a registry with the catalog: each tag and its digest, the blobs behind it, the index, unknown tags
 * and blobs, and whether everybody may pull.
 * @returns whether the registry answered
 */
export async function checkRegistry(
  read: ExaminedCatalog,
  diagnosis: Diagnosis,
  check: RegistryCheck,
): Promise<boolean> {
  try {
    await compareRegistry(read, diagnosis, check);
    return true;
  } catch (error) {
    diagnosis.add(error instanceof RegistryRefusedError ? 'registry-refused' : 'registry-unreachable', {
      where: check.registry.reference,
      expected: 'an answer to every request',
      found: describeError(error),
    });
    return false;
  }
}

async function compareRegistry(
  read: ExaminedCatalog,
  diagnosis: Diagnosis,
  check: RegistryCheck,
): Promise<void> {
  const { registry } = check;
  const builds = [...read.catalog.builds.values()];
  const folder = await listFolder(registry);
  const tags = new Set(folder ? folder.tags.keys() : await registry.listTags());
  if (await isOther(registry, builds, tags)) {
    // A single cause, rather than a finding for each build.
    diagnosis.add('registry-empty', {
      where: registry.reference,
      expected: `the images of ${builds.length} builds`,
      found: tags.size === 0 ? 'no tag, or no such repository' : `none of them, and ${tags.size} other tags`,
    });
    return;
  }
  for (const build of builds) {
    if (tags.has(build.image.tag)) continue;
    diagnosis.add('image-missing', {
      where: `${registry.reference}:${build.image.tag}`,
      expected: `the image ${build.image.digest}`,
      found: 'no such tag',
      ...(await restoreImage(registry, read.catalog, build)),
    });
  }
  diagnosis.count('registry', 'every build has its tag', builds.length);
  await checkRemoved(read, diagnosis, registry, tags);
  await checkContainers(read, diagnosis, check, tags);
  findUnknownTags(read, diagnosis, registry, tags);
  const there = builds.filter(({ image }) => tags.has(image.tag));
  await checkImages(read, there, diagnosis, check, folder);
  await checkIndex(builds, diagnosis, check);
  if (folder) await checkOrphans(read, diagnosis, check, folder);
  const [sentence] = await describeVisibility(registry.reference, there, process.env);
  if (sentence !== undefined)
    diagnosis.add('registry-private', {
      where: registry.reference,
      expected: 'a registry that everybody may pull from without a login',
      found: sentence,
    });
}

/** Whether a registry has no image of any build, by tag or digest: it was deleted, or is the wrong one. */
async function isOther(
  registry: Registry,
  builds: readonly Build[],
  tags: ReadonlySet<string>,
): Promise<boolean> {
  const [first] = builds;
  if (!first || builds.some(({ image }) => tags.has(image.tag))) return false;
  return (await registry.readText(first.image.digest).catch(() => undefined)) === undefined;
}

/**
 * Checks images of removed builds: clients with older indexes install them as long as the record names them.
 */
async function checkRemoved(
  { catalog, removed }: ExaminedCatalog,
  diagnosis: Diagnosis,
  registry: Registry,
  tags: ReadonlySet<string>,
): Promise<void> {
  for (const { hash, grace } of removed.values()) {
    if (!grace || catalog.builds.has(hash) || tags.has(grace.build.image.tag)) continue;
    diagnosis.add('removed-image-missing', {
      where: `${registry.reference}:${grace.build.image.tag}`,
      expected: `the image ${grace.build.image.digest} of a removed build, which older indexes still list`,
      found: 'no such tag',
      ...(await restoreImage(registry, catalog, grace.build)),
    });
  }
}

function findUnknownTags(
  { catalog, removed, containers }: ExaminedCatalog,
  diagnosis: Diagnosis,
  { reference }: Registry,
  tags: ReadonlySet<string>,
): void {
  const known = new Set([
    INDEX_TAG,
    ...[...catalog.builds.values()].map(({ image }) => image.tag),
    ...[...removed.values()].flatMap(({ grace }) => grace?.build.image.tag ?? []),
    ...containers.flatMap((container) => container.tags),
  ]);
  for (const tag of tags) {
    if (known.has(tag) || ATTESTATION_TAG.test(tag)) continue;
    diagnosis.add('tag-unknown', {
      where: `${reference}:${tag}`,
      expected: 'tags that the catalog knows',
      found: 'one of no build, container or removed build',
    });
  }
  diagnosis.count('registry', 'every tag is known', tags.size);
}

async function checkImages(
  { catalog }: ExaminedCatalog,
  builds: readonly Build[],
  diagnosis: Diagnosis,
  { registry, limit, now }: RegistryCheck,
  folder: Folder | undefined,
): Promise<void> {
  const chosen = new Set(takeDailySample(builds, limit, now));
  // A folder's listing shows which blobs exist; their sizes are checked for the sample only.
  const isThere = async (build: Build, blob: Blob): Promise<boolean> =>
    (!folder || folder.blobs.has(blob.digest)) && (!chosen.has(build) || (await registry.hasBlob(blob)));
  const looked = folder
    ? builds.filter((build) => chosen.has(build) || !isListed(build, folder))
    : [...chosen];
  await pMap(
    looked,
    async (build) => {
      const { image, tarball } = build;
      const where = `${registry.reference}:${image.tag}`;
      const digest = folder ? folder.tags.get(image.tag) : (await registry.describeTag(image.tag))?.digest;
      if (digest !== image.digest) {
        diagnosis.add(digest === undefined ? 'image-missing' : 'image-differs', {
          where,
          expected: `the image ${image.digest}`,
          found: digest === undefined ? 'the tag without a manifest' : `the image ${digest}`,
          ...(await restoreImage(registry, catalog, build)),
        });
        return;
      }
      const blobs = [
        ['the image', { digest: image.digest, size: image.size }],
        ['the tarball', tarball],
        ['the spec file', image.config],
      ] as const;
      // A registry that answers for a tag has its manifest.
      for (const [kind, blob] of folder ? blobs : blobs.slice(1)) {
        if (await isThere(build, blob)) continue;
        diagnosis.add('blob-missing', {
          where,
          expected: `${kind} ${blob.digest}`,
          found: 'no such blob, or one of another size',
        });
      }
    },
    { concurrency: REQUESTS },
  );
  diagnosis.count(
    'registry',
    'images and their blobs exist',
    builds.length,
    sampleNote(folder ? builds.length : chosen.size, builds.length),
  );
}

async function checkIndex(
  builds: readonly Build[],
  diagnosis: Diagnosis,
  { registry, index, fixIndex }: RegistryCheck,
): Promise<void> {
  const where = `${registry.reference}:${INDEX_TAG}`;
  const manifest = await registry.readManifest(INDEX_TAG).catch((error: unknown) => describeError(error));
  const digest = typeof manifest === 'string' ? manifest : indexDigestOf(manifest);
  diagnosis.count('registry', 'the index matches the catalog', 1);
  if (builds.length === 0 && manifest === undefined) return;
  if (typeof manifest !== 'string' && (await holdsIndex(registry, manifest, index))) return;
  diagnosis.add('registry-index-differs', {
    where,
    expected: `the index of ${builds.length} builds, ${index.digest}`,
    found: digest === index.digest ? 'its manifest, but not all of its blobs' : (digest ?? 'none'),
    fix: fixIndex,
  });
}
