import type { DagHash } from '../../site/schemas/digest.ts';
import { runtimeDependencies } from '../../site/schemas/node.ts';
import type { SpecNode } from '../../site/lib/spack/dag.ts';

type Nodes = ReadonlyMap<DagHash, SpecNode>;

/** Lists a DAG in the order of a spec file: the root first, then depth first, each node once. */
export function dagOf(nodes: Nodes, root: DagHash): SpecNode[] {
  const seen = new Set<DagHash>();
  const visit = (hash: DagHash): void => {
    if (seen.has(hash)) return;
    seen.add(hash);
    for (const dependency of nodeOf(nodes, hash).node.dependencies) visit(dependency.hash);
  };
  visit(root);
  return [...seen].map((hash) => nodeOf(nodes, hash));
}

/** Lists the binaries that `root` needs at run time: dependencies first, `root` last, without externals. */
export function runtimeClosure(nodes: Nodes, root: DagHash): SpecNode[] {
  const closure: SpecNode[] = [];
  const seen = new Set<DagHash>();
  const visit = (hash: DagHash): void => {
    const found = nodeOf(nodes, hash);
    if (seen.has(hash) || found.node.external) return;
    seen.add(hash);
    for (const dependency of runtimeDependencies(found.node)) visit(dependency.hash);
    closure.push(found);
  };
  visit(root);
  return closure;
}

/** Returns a node; throws when it does not exist. */
export function nodeOf(nodes: Nodes, hash: DagHash): SpecNode {
  const found = nodes.get(hash);
  if (!found) throw new Error(`expected a node ${hash}, found none`);
  return found;
}
