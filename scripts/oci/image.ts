import type { Blob } from '../../site/schemas/build.ts';
import {
  IMAGE_CONFIG_MEDIA_TYPE,
  IMAGE_LAYER_MEDIA_TYPE,
  IMAGE_MANIFEST_MEDIA_TYPE,
  type Descriptor,
} from '../../site/schemas/image-manifest.ts';
import { hexOf } from '../../site/schemas/digest.ts';
import type { Node } from '../../site/schemas/node.ts';
import { LAYOUT_VERSION } from '../../site/schemas/spec-file.ts';
import { imageAnnotations, tarballAnnotations } from './annotations.ts';
import { goArchitecture, goOs } from './architecture.ts';
import type { ImageLayer } from './runtime-layers.ts';

/** The tag of the index of a build cache in a registry. */
export const INDEX_TAG = 'index.spack';

/** The registry's longest tag. */
const MAX_TAG_LENGTH = 128;

/** Where programs are in the root file system that an image is run over. */
const STANDARD_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** A spec's image, but for the digest of its config, which follows from its bytes alone. */
export interface ImageText {
  /** The image config, which is the spec file too. */
  configText: string;
  /** The manifest, given the config as a blob. */
  manifestText(config: Blob): string;
}

/**
 * Composes the image that a spec is in the registry: the same input gives the same bytes on every machine,
 * so there is no time, host or user in it.
 * @param nodes the text of each node of its DAG as Spack wrote it, the spec's own first; passed on to the letter
 * @param node the spec's own node
 * @param layers what `chooseLayers` gave: dependencies first, the spec's own last
 */
export function composeImage(image: {
  nodes: readonly string[];
  node: Node;
  layers: ImageLayer[];
}): ImageText {
  const { nodes, node, layers } = image;
  const own = layers.at(-1);
  if (!own) throw new Error(`${node.name}: an image needs its own tarball`);
  // Only what was checked: the nodes, and nothing else that a spec file may hold.
  const spec = `{"_meta":{"version":5},"nodes":[${nodes.join(',')}]}`;
  const annotations = imageAnnotations(node);
  const config = JSON.stringify({
    architecture: goArchitecture(node.arch.target),
    os: goOs(node.arch.platform),
    config: { Env: [`PATH=${searchPathVariable(layers)}`], Labels: annotations },
    rootfs: { type: 'layers', diff_ids: layers.map(({ tarball }) => tarball.uncompressedDigest) },
  });
  const binary = JSON.stringify({
    buildcache_layout_version: LAYOUT_VERSION,
    binary_cache_checksum: { hash_algorithm: 'sha256', hash: hexOf(own.tarball.digest) },
    archive_size: own.tarball.size,
    archive_compression: 'gzip',
  });
  return {
    configText: `${config.slice(0, -1)},"spec":${spec},${binary.slice(1)}`,
    manifestText: (config) =>
      manifestText(
        config,
        layers.map((layer) => ({
          mediaType: IMAGE_LAYER_MEDIA_TYPE,
          digest: layer.tarball.digest,
          size: layer.tarball.size,
          ...(layer === own && { annotations: tarballAnnotations(node) }),
        })),
        annotations,
      ),
  };
}

/**
 * The tag that Spack looks for: `<name>-<version>-<hash>.spack`.
 * Source: Spack's `_oci_default_tag` and `ensure_valid_tag`.
 */
export function imageTag(node: Pick<Node, 'name' | 'version' | 'hash'>): string {
  const tag = `${node.name}-${node.version}-${node.hash}.spack`.replaceAll(/[^A-Za-z0-9_.-]/g, '_');
  return tag.length > MAX_TAG_LENGTH ? tag.slice(0, 64) + tag.slice(-64) : tag;
}

/** The empty config of the index's image. */
export const INDEX_CONFIG_TEXT = '{}';

/**
 * The manifest of `index.spack`, as Spack writes it: an image in name only, whose one "layer" is the plain index.
 * Source: Spack's `_oci_update_index`.
 */
export function indexImage(index: Blob, config: Blob): string {
  return manifestText(config, [
    { mediaType: IMAGE_LAYER_MEDIA_TYPE, digest: index.digest, size: index.size },
  ]);
}

function manifestText(config: Blob, layers: Descriptor[], annotations?: Record<string, string>): string {
  return JSON.stringify({
    mediaType: IMAGE_MANIFEST_MEDIA_TYPE,
    schemaVersion: 2,
    config: { mediaType: IMAGE_CONFIG_MEDIA_TYPE, digest: config.digest, size: config.size },
    layers,
    ...(annotations && { annotations }),
  });
}

/** The directories of programs, the spec's own first, then its dependencies', nearest first. */
export function searchPathVariable(layers: readonly ImageLayer[]): string {
  const ownFirst = layers.toReversed().filter(({ contents }) => contents.programs.length > 0);
  return [...ownFirst.map(({ contents }) => `${contents.prefix}/bin`), ...STANDARD_PATH].join(':');
}
