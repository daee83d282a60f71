import type { Blob, Build } from '../../site/schemas/build.ts';
import {
  IMAGE_CONFIG_MEDIA_TYPE,
  IMAGE_LAYER_MEDIA_TYPE,
  IMAGE_MANIFEST_MEDIA_TYPE,
  type Descriptor,
} from '../../site/schemas/image-manifest.ts';
import { hexOf, type DagHash } from '../../site/schemas/digest.ts';
import { fileStem, type Node, runtimeDependencies } from '../../site/schemas/node.ts';
import { LAYOUT_VERSION } from '../../site/schemas/spec-file.ts';
import {
  archSegments,
  flagSegments,
  segmentsText,
  variantSegments,
  variantsOf,
} from '../../site/lib/spack/spec-text.ts';
import { familyOf, isTarget } from '../../site/lib/spack/targets.ts';
import { topologicalOrder } from '../../site/lib/spack/dag.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import { ownValue } from '../../site/schemas/safe-text.ts';

/** Tag of a build cache's index in a registry. */
export const INDEX_TAG = 'index.spack';

/** Maximum length of a tag in a registry. */
const MAX_TAG_LENGTH = 128;

/** Search path for programs in the base image. */
const STANDARD_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Texts of a spec's image, before the digest of its config is known. */
interface ImageText {
  /** The image config, which is also the spec file. */
  configText: string;
  /** Returns the manifest for a config blob. */
  manifestText(config: Blob): string;
}

/**
 * Composes a spec's image in the registry. The result is reproducible: the same input gives the same bytes on
 * every machine, without any time, host or user.
 * @param nodes texts of the nodes of its DAG, as Spack wrote them, the spec's own first; used verbatim
 * @param node the spec's own node
 * @param layers result of `chooseLayers`: dependencies first, the spec's own last
 */
export function composeImage(image: {
  nodes: readonly string[];
  node: Node;
  layers: ImageLayer[];
}): ImageText {
  const { nodes, node, layers } = image;
  const own = layers.at(-1);
  if (!own) throw new Error(`${node.name}: an image needs its own tarball`);
  // Takes only the nodes, which were checked, and no other content of the spec file.
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
          // Of all layers, `oras pull` writes only the one with a title to a file.
          ...(layer === own && {
            annotations: { 'org.opencontainers.image.title': `${fileStem(node)}.tar.gz` },
          }),
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

/** The empty config of the index image. */
export const INDEX_CONFIG_TEXT = '{}';

/**
 * Manifest of `index.spack` in the form that Spack writes: an image whose single "layer" is the plain index.
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
    annotations,
  });
}

/** Value of PATH: program directories of the spec, then of its dependencies, nearest first. */
export function searchPathVariable(layers: readonly ImageLayer[]): string {
  const ownFirst = layers.toReversed().filter(({ contents }) => contents.programs.length > 0);
  return [...ownFirst.map(({ contents }) => `${contents.prefix}/bin`), ...STANDARD_PATH].join(':');
}

/** Labels and annotations of an image: standard OCI keys, nothing from the environment. */
export function imageAnnotations(node: Node): Record<string, string> {
  return {
    'org.opencontainers.image.title': node.name,
    'org.opencontainers.image.version': node.version,
    'org.opencontainers.image.description': describeSpec(node),
  };
}

/**
 * Formats a concrete node as one line that Spack can parse:
 * `tree@=2.1.0 build_system=generic platform=linux os=debian12 target=x86_64_v3`.
 * Source: the default format of Spack's `Spec.format()`.
 */
export function describeSpec(node: Node): string {
  // A git version already names the version that it stands for: `git.main=1.0`.
  const head = `${node.name}@${node.version.includes('=') ? '' : '='}${node.version}`;
  return (
    head + segmentsText([...flagSegments(node), ...variantSegments(variantsOf(node)), ...archSegments(node)])
  );
}

/** Go's names of families, where they differ. */
const GO_NAMES: Record<string, string> = { x86_64: 'amd64', x86: '386', aarch64: 'arm64' };

/**
 * Go's name of a target's architecture, which the OCI image configuration requires: `amd64`, `arm64`,
 * `ppc64le` …
 * A target missing from the table is identified by its ancestors, which its record names. An unknown one is
 * returned unchanged, as in Spack: no container runtime accepts it as its own.
 */
export function goArchitecture(target: string | { name: string; parents?: string[] | undefined }): string {
  const names = typeof target === 'string' ? [target] : [target.name, ...(target.parents ?? [])];
  const family = familyOf(names.find(isTarget) ?? names[0] ?? '');
  return ownValue(GO_NAMES, family) ?? family;
}

/** Go's name of a platform's operating system; Spack's platforms have the same names, except `cray`. */
export function goOs(platform: string): string {
  return platform === 'cray' ? 'linux' : platform;
}

/** Docker's storage drivers support 127 layers, some runtimes fewer; this leaves room for a base image. */
const MAX_LAYERS = 100;

/** The parts of a build that an image layer needs. */
export type ImageLayer = Pick<Build, 'tarball' | 'contents'> & Partial<Pick<Build, 'image'>>;

/** Layers of an image, dependencies first, its own last. */
interface LayerChoice {
  layers: ImageLayer[];
  /** False when a run-time dependency has no layer: Spack can use the image, `docker run` cannot. */
  runnable: boolean;
}

/**
 * Returns the hashes of a spec's run-time closure (link and run edges) in the order of image layers:
 * dependencies first, the spec itself last, without externals.
 * Source: Spack's `_oci_put_manifest`: `traverse_nodes(order="topo", deptype=("link", "run"))`, reversed.
 * @param nodes every node of the DAG, keyed by hash
 * @throws when the DAG is not closed or has a cycle
 */
export function runtimeLayers(root: DagHash, nodes: ReadonlyMap<DagHash, Node>): DagHash[] {
  const order = topologicalOrder(root, (hash) => sortedChildren(hash, nodes));
  return order.filter((hash) => nodes.get(hash)?.external === undefined).reverse();
}

/**
 * Chooses an image's layers: the members of the run-time closure that have a binary, at most the nearest 100.
 * @param order result of `runtimeLayers`
 * @param find returns the build of a hash, if there is one; the spec itself must have one
 */
export function chooseLayers(
  order: readonly DagHash[],
  find: (hash: DagHash) => ImageLayer | undefined,
): LayerChoice {
  const present = order.map(find).filter((layer) => layer !== undefined);
  const layers = present.slice(-MAX_LAYERS);
  return { layers, runnable: layers.length === order.length };
}

/** A node's run-time dependencies, sorted by name, then hash, as Spack sorts edges. */
function sortedChildren(parent: DagHash, nodes: ReadonlyMap<DagHash, Node>): DagHash[] {
  const node = nodes.get(parent);
  if (!node) throw new Error(`the DAG names ${parent} as a dependency but has no node of that hash`);
  return runtimeDependencies(node)
    .sort((a, b) => compareTexts(a.name, b.name) || compareTexts(a.hash, b.hash))
    .map(({ hash }) => hash);
}
