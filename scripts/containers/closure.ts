import type { Build } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { Node } from '../../site/schemas/node.ts';
import { readBuild } from '../catalog/catalog.ts';
import { runtimeLayers } from '../oci/runtime-layers.ts';

/**
 * The builds that the roots of a container need to run, dependencies first, each once.
 * @throws when one of them is not in the catalog: the container would not run
 */
export function readClosure(
  roots: readonly Node[],
  nodes: ReadonlyMap<DagHash, Node>,
  catalogDirectory: string,
): Build[] {
  const order = new Set(roots.flatMap(({ hash }) => runtimeLayers(hash, nodes)));
  return [...order].map((hash) => {
    const node = nodes.get(hash);
    const build = node && readBuild(catalogDirectory, node);
    if (build) return build;
    throw new Error(`it needs ${node?.name ?? hash} /${hash} to run, of which this cache has no binary`);
  });
}
