import type { Build, Image } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { Node } from '../../site/schemas/node.ts';
import { composeImage, imageTag, chooseLayers, runtimeLayers, type ImageLayer } from '../oci/image.ts';
import type { SpecNode } from '../../site/lib/spack/dag.ts';
import { blobOf } from '../cli/digest.ts';

/** A spec's image, without the bytes of its layers. */
export interface SpecImage {
  image: Image;
  layers: readonly ImageLayer[];
  configText: string;
  manifestText: string;
}

/**
 * Composes the image of a spec.
 * @param find returns the layer of a node that has a binary; the spec itself must have one
 */
export function composeSpecImage(spec: SpecDag, find: (hash: DagHash) => ImageLayer | undefined): SpecImage {
  const { node } = spec.root;
  const { layers, runnable } = chooseLayers(layerOrder(spec), find);
  const composed = composeImage({ nodes: spec.nodes.map(({ text }) => text), node, layers });
  const config = blobOf(composed.configText);
  const manifestText = composed.manifestText(config);
  const image = { tag: imageTag(node), ...blobOf(manifestText), config, runnable };
  return { image, layers, configText: composed.configText, manifestText };
}

/**
 * The manifest of a published build's image and the layers that it names, from the record of its config.
 * @param nodes nodes of its DAG
 * @param find returns the layer of a node that has a binary; the build itself must have one
 */
export function recomposeManifest(
  nodes: ReadonlyMap<DagHash, Node>,
  { hash, image }: Pick<Build, 'hash' | 'image'>,
  find: (hash: DagHash) => ImageLayer | undefined,
): Pick<SpecImage, 'layers' | 'manifestText'> {
  const node = nodes.get(hash);
  if (!node) throw new Error(`the catalog has no node ${hash}`);
  const { layers } = chooseLayers(runtimeLayers(hash, nodes), find);
  return { layers, manifestText: composeImage({ nodes: [], node, layers }).manifestText(image.config) };
}

/** A spec with its whole DAG. */
export interface SpecDag {
  root: SpecNode;
  /** Every node of the DAG, including the root. */
  nodes: readonly SpecNode[];
}

/** Sorts entries so that each comes after its run-time dependencies; keeps their order otherwise. */
export function sortByDependency<T extends SpecDag>(entries: readonly T[]): T[] {
  const byHash = new Map(entries.map((entry) => [entry.root.node.hash, entry]));
  const sorted = new Set<T>();
  for (const entry of entries) {
    for (const hash of layerOrder(entry)) {
      const needed = byHash.get(hash);
      if (needed) sorted.add(needed);
    }
  }
  return [...sorted];
}

/** Hashes of the layers of a spec's image, dependencies first. */
function layerOrder({ root, nodes }: SpecDag): DagHash[] {
  return runtimeLayers(root.node.hash, new Map(nodes.map(({ node }) => [node.hash, node])));
}
