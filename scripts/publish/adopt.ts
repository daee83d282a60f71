import { z } from 'zod';
import type { Image } from '../../site/schemas/build.ts';
import { Digest } from '../../site/schemas/digest.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { Descriptor } from '../../site/schemas/image-manifest.ts';
import { IMAGE_LAYER_MEDIA_TYPE } from '../../site/schemas/image-manifest.ts';
import { fileStem } from '../../site/schemas/node.ts';
import { imageTag } from '../oci/image.ts';
import type { Registry } from '../oci/registry.ts';
import type { ImageLayer } from '../oci/runtime-layers.ts';
import type { CacheEntry } from '../build-cache/build-cache.ts';
import { parseSpecFile } from '../build-cache/spec-file.ts';
import type { CheckedSpecFile } from '../build-cache/spec-file.ts';
import { inspectTarball } from '../build-cache/tar/tarball.ts';
import type { InspectedTarball } from '../build-cache/tar/tarball.ts';
import { layerOrder } from './spec-image.ts';

/** What of an image's config is looked at. */
const ImageConfig = z.object({ rootfs: z.object({ diff_ids: z.array(Digest) }) });

/** An entry with the image that the registry had of it, checked as a build cache is. */
export interface AdoptedImage extends CacheEntry {
  image: Image;
  inspected: InspectedTarball;
}

/**
 * Fetches the image that a spec's tag names, and checks it: the spec file in its config, every hash, and the
 * tarball from end to end. Throws when it is not an image of that spec; a tag is never replaced.
 */
export async function adoptImage(
  registry: Registry,
  entry: CacheEntry,
  tagged: Descriptor,
  findLayer: (hash: DagHash) => ImageLayer | undefined,
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
    const text = (await registry.readBlob(config)).toString('utf8');
    const spec = parseSpecFile(text);
    if (spec.root.node.hash !== node.hash) {
      throw new Error(`expected the spec /${node.hash}, found /${spec.root.node.hash}`);
    }
    refuseOtherExternals(spec, entry);
    const blob = { digest: layer.digest, size: layer.size };
    const inspected = await inspectTarball(await registry.openBlob(blob), {
      where,
      blob,
      platform: spec.root.node.arch.platform,
      prefixName: fileStem(spec.root.node),
    });
    const { rootfs } = ImageConfig.parse(JSON.parse(text));
    const { layers } = found.manifest;
    if (
      rootfs.diff_ids.length !== layers.length ||
      rootfs.diff_ids.at(-1) !== inspected.tarball.uncompressedDigest
    ) {
      throw new Error(`expected a config that names the ${layers.length} layers, found other ones`);
    }
    const has = new Set(layers.map(({ digest }) => digest));
    const runnable = layerOrder(entry).every(
      (hash) => hash === node.hash || has.has(findLayer(hash)?.tarball.digest ?? ''),
    );
    const image = { tag, digest: tagged.digest, size: tagged.size, config, runnable };
    return { ...entry, image, inspected };
  } catch (cause) {
    throw new Error(
      `${where}: the tag is taken by an image that cannot be adopted; look at it, delete that tag, and publish again`,
      { cause },
    );
  }
}

/** An external that nothing proves in the image must be what the entry says it is. */
function refuseOtherExternals({ nodes, unverifiedExternals }: CheckedSpecFile, entry: CacheEntry): void {
  for (const hash of unverifiedExternals) {
    if (nodes.get(hash)?.text === entry.nodes.get(hash)?.text) continue;
    throw new Error(`expected the node /${hash} as the build cache has it, found another of that hash`);
  }
}
