import type { Blob } from '../../site/schemas/build.ts';
import type { Digest } from '../../site/schemas/digest.ts';
import { INDEX_CONFIG_TEXT, INDEX_TAG, indexImage } from '../oci/image.ts';
import { createLayout } from '../oci/layout.ts';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import type { Registry, RegistryManifest } from '../oci/registry.ts';
import { withTemporaryFolder } from '../cli/temporary-folder.ts';

/** What an image of the registry's `index.spack` has for an index. */
export function indexDigestOf(image: RegistryManifest | undefined): Digest | undefined {
  return image?.manifest.layers[0]?.digest;
}

/** Whether an image is that of this index, with all its blobs: a manifest may outlive them. */
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

/**
 * Points the registry's `index.spack` at the index of everything, when it does not yet or lacks its blobs. A catalog that
 * never had a build has no registry to write to: nothing is done.
 * @param file where the index lies
 * @param onReplaced gets the digest that the tag pointed at before
 * @returns whether it was changed
 */
export async function updateIndexImage(
  registry: Registry,
  catalog: Pick<Catalog, 'builds' | 'cache'>,
  { index, file, onReplaced }: { index: Blob; file: string; onReplaced?: (digest: Digest) => Promise<void> },
): Promise<boolean> {
  if (catalog.builds.size === 0 && !catalog.cache) return false;
  const current = await registry.readManifest(INDEX_TAG);
  if (await holdsIndex(registry, current, index)) return false;
  await withTemporaryFolder(async (folder) => {
    const layout = await createLayout(folder);
    const config = await layout.addBytes(INDEX_CONFIG_TEXT);
    await layout.addFile(file, index);
    await layout.addTag(INDEX_TAG, indexImage(index, config));
    layout.close();
    await registry.push(layout.dir);
  });
  if (current && indexDigestOf(current) !== index.digest) await onReplaced?.(current.descriptor.digest);
  return true;
}
