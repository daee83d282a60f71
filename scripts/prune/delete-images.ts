import { z } from 'zod';
import { groupByRegistry } from '../../site/lib/registry-address.ts';
import type { Image } from '../../site/schemas/build.ts';
import type { Digest } from '../../site/schemas/digest.ts';
import { deleteVersions, isPackage } from '../github/package-versions.ts';
import { removeTags } from '../oci/directory-registry.ts';
import { openRegistries } from '../oci/open-registry.ts';
import { type Registry, type RemoteReference, parseReference } from '../oci/registry.ts';
import { RegistryClient } from '../oci/registry-client.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';

/** Longest time without a byte from the registry. */
const IDLE_MS = 60_000;

/** An image to delete, identified by its digest: its tag may have moved to another image. */
export type DeletableImage = Pick<Image, 'tag' | 'digest' | 'registry'>;

/** Result of a deletion. */
export interface Deletion {
  /** Images that no longer exist, whether this run deleted them or not. */
  gone: Set<Digest>;
  /** Reason why it stopped early, in one sentence; the next run continues. Absent when it did not. */
  stopped?: string;
}

/** Deletes images one by one, except those that are wanted when it is their turn. */
export type ImageDeleter = (
  images: readonly DeletableImage[],
  isWanted: (digest: Digest) => Promise<boolean>,
) => Promise<Deletion>;

/**
 * Deletes images from the registry that each names, by default the cache's own. An error in one registry does
 * not stop the others.
 * @param own the cache's own registry
 */
export function openDeleter(own: Registry, environment = process.env): ImageDeleter {
  const findRegistry = openRegistries(own);
  return async (images, isWanted) => {
    const gone = new Set<Digest>();
    const stops: string[] = [];
    const stored = images.map((image) => ({ image }));
    for (const group of groupByRegistry(stored, own.reference).values()) {
      const [first] = group;
      if (!first) continue;
      const registry = findRegistry(first);
      const unwanted = group.map(({ image }) => image);
      await deleteFrom(registry, unwanted, { environment, isWanted }, (digest) => gone.add(digest)).catch(
        (error: unknown) => stops.push(stopText(registry.reference, error)),
      );
    }
    return { gone, ...(stops.length > 0 ? { stopped: stops.join('; ') } : {}) };
  };
}

/**
 * Deletes images in the way that the registry supports: in an OCI layout through its index, in GitHub's
 * registry through the packages API, in any other by `DELETE` of the manifest, which also removes its tags
 * (OCI distribution specification, "Deleting manifests"). Layers that other images need stay: registries
 * collect those without any manifest.
 */
async function deleteFrom(
  registry: Registry,
  images: readonly DeletableImage[],
  options: { environment: ProcessEnvironment; isWanted: (digest: Digest) => Promise<boolean> },
  onGone: (digest: Digest) => void,
): Promise<void> {
  if (isPackage(registry.reference, options.environment)) {
    const unwanted = images.map(({ digest, tag }) => ({ digest, tags: [tag] }));
    return deleteVersions(registry.reference, unwanted, options, onGone);
  }
  const reference = parseReference(registry.reference);
  const deleteOne =
    reference.kind === 'directory'
      ? (image: DeletableImage) => removeTags(reference.dir, [image])
      : deleterOf(registry, reference);
  for (const image of images) {
    if (await options.isWanted(image.digest)) continue;
    await deleteOne(image);
    onGone(image.digest);
  }
}

function deleterOf(registry: Registry, reference: RemoteReference): (image: DeletableImage) => Promise<void> {
  const client = new RegistryClient(reference, { idleMs: IDLE_MS });
  return async ({ tag, digest }) => {
    // The tag may point to another image by now, which must not be deleted.
    if ((await registry.describeTag(tag))?.digest !== digest) return;
    (await client.request('DELETE', `manifests/${digest}`, '*/*'))?.body.destroy();
  };
}

function stopText(reference: string, error: unknown): string {
  const { status } = z.object({ status: z.number().optional() }).catch({}).parse(error);
  const message = error instanceof Error ? error.message : String(error);
  const advice =
    status === 405
      ? 'allow deletion in its configuration (storage.delete.enabled), or delete the images there by hand'
      : 'the next run continues';
  return `${reference}: deleting stopped: ${message}; ${advice}`;
}
