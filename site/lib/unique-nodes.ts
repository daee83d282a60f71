import type { DagHash } from '../schemas/digest.ts';
import type { SpecNode } from './database.ts';

/**
 * Adds a node under its hash. Where two nodes have one hash, the one that Spack built stands before an external,
 * whose hash may be unproved, and otherwise the first.
 */
export function addNode<T extends SpecNode>(nodes: Map<DagHash, T>, found: T): void {
  const earlier = nodes.get(found.node.hash);
  if (!earlier || (earlier.node.external && !found.node.external)) nodes.set(found.node.hash, found);
}
