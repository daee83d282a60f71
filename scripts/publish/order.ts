import type { DagHash } from '../../site/schemas/digest.ts';
import type { Node } from '../../site/schemas/node.ts';
import type { CatalogNode } from '../catalog/catalog.ts';
import { runtimeLayers } from '../oci/runtime-layers.ts';

/** A spec with its whole DAG. */
export interface SpecDag {
  root: CatalogNode;
  /** Every node of the DAG by its hash, the root included. */
  nodes: ReadonlyMap<DagHash, CatalogNode>;
}

/** Sorts entries so that each comes after those that it needs to run; otherwise their order stays. */
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

/** The hashes of the layers of a spec's image, its dependencies' first. */
export function layerOrder({ root, nodes }: SpecDag): DagHash[] {
  const plain = new Map<DagHash, Node>();
  for (const [hash, { node }] of nodes) plain.set(hash, node);
  return runtimeLayers(root.node.hash, plain);
}
