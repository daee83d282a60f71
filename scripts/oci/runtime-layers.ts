import type { Build } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { runtimeDependencies, type Node } from '../../site/schemas/node.ts';
import { topologicalOrder } from '../../site/lib/spack/dag.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';

/** Docker's storage drivers stop at 127 layers and some runtimes earlier; this leaves room for a base image. */
const MAX_LAYERS = 100;

/** What an image takes from a build for its layer. */
export type ImageLayer = Pick<Build, 'tarball' | 'contents'> & Partial<Pick<Build, 'image'>>;

/** The layers of an image, dependencies first, its own last. */
export interface LayerChoice {
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
