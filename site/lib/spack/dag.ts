import type { DagHash } from '../../schemas/digest.ts';
import type { Node } from '../../schemas/node.ts';

type Nodes = ReadonlyMap<DagHash, { node: Node }>;

/** Which of the builds depend directly on a node, in the order given. */
export function findDependents(builds: Iterable<{ node: Node }>): Map<DagHash, DagHash[]> {
  const dependents = new Map<DagHash, DagHash[]>();
  for (const { node } of builds) {
    for (const hash of new Set(node.dependencies.map((dependency) => dependency.hash))) {
      const known = dependents.get(hash);
      if (known) known.push(node.hash);
      else dependents.set(hash, [node.hash]);
    }
  }
  return dependents;
}

/** The hashes of a whole DAG, sorted, its root left out. Throws where a node is missing. */
export function closureOf(root: DagHash, nodes: Nodes): DagHash[] {
  const found = new Set<DagHash>([root]);
  for (const hash of found) {
    const entry = nodes.get(hash);
    if (!entry)
      throw new Error(
        `specs/: the node /${hash}, which /${root} depends on, is missing; restore it from git`,
      );
    for (const dependency of entry.node.dependencies) found.add(dependency.hash);
  }
  found.delete(root);
  return [...found].sort();
}
