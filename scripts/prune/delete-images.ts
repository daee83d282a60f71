import { z } from 'zod';
import { groupByRegistry } from '../../site/lib/registry-address.ts';
import type { Image } from '../../site/schemas/build.ts';
import type { Digest } from '../../site/schemas/digest.ts';
import { deleteVersions, isPackage } from '../github/package-versions.ts';
import { removeTags } from '../oci/directory-registry.ts';
import { openRegistries } from '../oci/open-registry.ts';
import { type Registry, type RemoteReference, parseReference } from '../oci/registry.ts';
import { RegistryClient } from '../oci/registry-client.ts';

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
export function openDeleters(own: Registry): ImageDeleter {
  const findRegistry = openRegistries(own);
  return async (images, isWanted) => {
    const all: Deletion = { gone: new Set() };
    const stored = images.map((image) => ({ image }));
    for (const group of groupByRegistry(stored, own.reference).values()) {
      const [first] = group;
      if (!first) continue;
      const deleteImages = openDeleter(findRegistry(first));
      const { gone, stopped } = await deleteImages(
        group.map(({ image }) => image),
        isWanted,
      );
      for (const digest of gone) all.gone.add(digest);
      if (stopped !== undefined)
        all.stopped = all.stopped === undefined ? stopped : `${all.stopped}; ${stopped}`;
    }
    return all;
  };
}

/**
 * Deletes images in the way that the registry supports: in an OCI layout through its index, in GitHub's
 * registry through the packages API, in any other by `DELETE` of the manifest, which also removes its tags
 * (OCI distribution specification, "Deleting manifests"). Layers that other images need stay: registries
 * collect those without any manifest.
 */
export function openDeleter(registry: Registry, environment = process.env): ImageDeleter {
  const reference = parseReference(registry.reference);
  if (isPackage(registry.reference, environment)) {
    return async (images, isWanted) => {
      const gone = new Set<Digest>();
      const unwanted = images.map(({ digest, tag }) => ({ digest, tags: [tag] }));
      try {
        await deleteVersions(registry.reference, unwanted, { environment, isWanted }, (digest) =>
          gone.add(digest),
        );
        return { gone };
      } catch (error) {
        return { gone, stopped: stopText(registry.reference, error) };
      }
    };
  }
  const deleteOne =
    reference.kind === 'directory'
      ? (image: DeletableImage) => removeTags(reference.dir, [image])
      : deleterOf(registry, reference);
  return async (images, isWanted) => {
    const gone = new Set<Digest>();
    for (const image of images) {
      try {
        if (await isWanted(image.digest)) continue;
        await deleteOne(image);
        gone.add(image.digest);
      } catch (error) {
        return { gone, stopped: stopText(registry.reference, error) };
      }
    }
    return { gone };
  };
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
