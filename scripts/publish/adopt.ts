import type { Image } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { Descriptor } from '../../site/schemas/image-manifest.ts';
import { IMAGE_LAYER_MEDIA_TYPE } from '../../site/schemas/image-manifest.ts';
import { imageTag } from '../oci/image.ts';
import type { Registry } from '../oci/registry.ts';
import type { CacheEntry } from '../spack/build-cache.ts';
import { parseSpecFile } from '../spack/spec-file.ts';
import { inspectTarball } from '../spack/tarball.ts';
import type { InspectedTarball } from '../spack/tarball.ts';
import { layerOrder } from './order.ts';
import type { SpecDag } from './order.ts';

/** An image that the registry had already, checked as an entry of a build cache is. */
export interface AdoptedImage extends SpecDag {
  image: Image;
  inspected: InspectedTarball;
  unverifiedExternals: DagHash[];
}

/**
 * Fetches the image that a spec's tag names, and checks it: the spec file in its config, every hash, and the
 * tarball from end to end. Throws when it is not an image of that spec; a tag is never replaced.
 */
export async function adoptImage(
  registry: Registry,
  entry: CacheEntry,
  tagged: Descriptor,
): Promise<AdoptedImage> {
  const { node } = entry.root;
  const tag = imageTag(node);
  const where = `${registry.reference}:${tag}`;
  try {
    const found = await registry.readManifest(tagged.digest);
    const layer = found?.manifest.layers.at(-1);
    if (!found || layer?.mediaType !== IMAGE_LAYER_MEDIA_TYPE) {
      throw new Error(`expected an image whose last layer is ${IMAGE_LAYER_MEDIA_TYPE}`);
    }
    const config = { digest: found.manifest.config.digest, size: found.manifest.config.size };
    const spec = parseSpecFile((await registry.readBlob(config)).toString('utf8'));
    if (spec.root.node.hash !== node.hash) {
      throw new Error(`expected the spec /${node.hash}, found /${spec.root.node.hash}`);
    }
    const blob = { digest: layer.digest, size: layer.size };
    const inspected = await inspectTarball(await registry.openBlob(blob), {
      where,
      blob,
      platform: spec.root.node.arch.platform,
    });
    const runnable = found.manifest.layers.length >= layerOrder(spec).length;
    const image = { tag, digest: tagged.digest, size: tagged.size, config, runnable };
    return { ...spec, image, inspected };
  } catch (cause) {
    throw new Error(
      `${where}: the tag is taken by an image that cannot be adopted; look at it, delete that tag, and publish again`,
      { cause },
    );
  }
}
