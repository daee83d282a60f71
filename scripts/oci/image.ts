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

/** The tag of the index of a build cache in a registry. */
export const INDEX_TAG = 'index.spack';

/** The registry's longest tag. */
const MAX_TAG_LENGTH = 128;

/** Where programs are in the root file system that an image is run over. */
const STANDARD_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** A spec's image, but for the digest of its config, which follows from its bytes alone. */
interface ImageText {
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

/** What an image says of itself, as labels and as annotations: OCI's own keys, nothing from the environment. */
export function imageAnnotations(node: Node): Record<string, string> {
  return {
    'org.opencontainers.image.title': node.name,
    'org.opencontainers.image.version': node.version,
    'org.opencontainers.image.description': describeSpec(node),
  };
}

/** Names a tarball's layer, so that `oras pull` writes it to a file, and only it. */
function tarballAnnotations(node: Node): Record<string, string> {
  return { 'org.opencontainers.image.title': `${fileStem(node)}.tar.gz` };
}

/**
 * A concrete node in one line that Spack reads: `tree@=2.1.0 build_system=generic platform=linux os=debian12 target=x86_64_v3`.
 * Source: Spack's `Spec.format()` in its default form.
 */
export function describeSpec(node: Node): string {
  // A git version says itself which version it stands for: `git.main=1.0`.
  const head = `${node.name}@${node.version.includes('=') ? '' : '='}${node.version}`;
  return (
    head + segmentsText([...flagSegments(node), ...variantSegments(variantsOf(node)), ...archSegments(node)])
  );
}

/** Go's names of the families that it calls otherwise. */
const GO_NAMES: Record<string, string> = { x86_64: 'amd64', x86: '386', aarch64: 'arm64' };

/**
 * Go's name of a target's architecture, as the OCI image configuration wants it: `amd64`, `arm64`, `ppc64le` …
 * A target that is newer than the table is known by the targets it descends from, which its record names.
 * An unknown one stays as it is, as Spack does it: no container runtime takes it for its own.
 */
export function goArchitecture(target: string | { name: string; parents?: string[] | undefined }): string {
  const names = typeof target === 'string' ? [target] : [target.name, ...(target.parents ?? [])];
  const family = familyOf(names.find(isTarget) ?? names[0] ?? '');
  return GO_NAMES[family] ?? family;
}

/** Go's name of the operating system on a platform; Spack's platforms are named alike. */
export function goOs(platform: string): string {
  return platform === 'cray' ? 'linux' : platform;
}

/** Docker's storage drivers stop at 127 layers and some runtimes earlier; this leaves room for a base image. */
const MAX_LAYERS = 100;

/** What an image takes from a build for its layer. */
export type ImageLayer = Pick<Build, 'tarball' | 'contents'> & Partial<Pick<Build, 'image'>>;

/** The layers of an image, dependencies first, its own last. */
interface LayerChoice {
  layers: ImageLayer[];
  /** False when a run-time dependency has no layer: Spack can use the image, `docker run` cannot. */
  runnable: boolean;
}

/**
 * The hashes of a spec's run-time closure (link and run edges) in the order of its image's layers: dependencies
 * first, the spec itself last, externals left out.
 * Source: Spack's `_oci_put_manifest`: `traverse_nodes(order="topo", deptype=("link", "run"))`, reversed.
 * @param nodes every node of the DAG by hash
 * @throws when the DAG is not closed or has a cycle
 */
export function runtimeLayers(root: DagHash, nodes: ReadonlyMap<DagHash, Node>): DagHash[] {
  const order = topologicalOrder(root, (hash) => sortedChildren(hash, nodes));
  return order.filter((hash) => nodes.get(hash)?.external === undefined).reverse();
}

/**
 * Chooses an image's layers: of the run-time closure those that have a binary, the nearest 100 when there are more.
 * @param order what `runtimeLayers` gave
 * @param find the build of a hash, if there is one; the spec itself must have one
 */
export function chooseLayers(
  order: readonly DagHash[],
  find: (hash: DagHash) => ImageLayer | undefined,
): LayerChoice {
  const present = order.map(find).filter((layer) => layer !== undefined);
  const layers = present.slice(-MAX_LAYERS);
  return { layers, runnable: layers.length === order.length };
}

/** A node's run-time dependencies by name, then hash: Spack's order of edges. */
function sortedChildren(parent: DagHash, nodes: ReadonlyMap<DagHash, Node>): DagHash[] {
  const node = nodes.get(parent);
  if (!node) throw new Error(`the DAG names ${parent} as a dependency but has no node of that hash`);
  return runtimeDependencies(node)
    .sort((a, b) => compareTexts(a.name, b.name) || compareTexts(a.hash, b.hash))
    .map(({ hash }) => hash);
}
