import type { DagHash } from '../../schemas/digest.ts';
import type { Node } from '../../schemas/node.ts';

/** A node and the exact JSON text that Spack wrote for it: compact, without a final newline. */
export interface SpecNode {
  node: Node;
  text: string;
}

type Nodes = ReadonlyMap<DagHash, { node: Node }>;

/** Edges of the hash. `from` is the hash that first led there, for error messages; undefined for a root. */
export type Edges = (hash: DagHash, from: DagHash | undefined) => Iterable<DagHash>;

/**
 * All hashes reachable from roots, breadth first, each once, roots first. Works for
 * DAGs of any depth and for cycles.
 */
export function walk(roots: Iterable<DagHash>, edges: Edges): DagHash[] {
  const reached = new Map<DagHash, DagHash | undefined>();
  for (const root of roots) reached.set(root, undefined);
  for (const [hash, from] of reached) {
    for (const next of edges(hash, from)) if (!reached.has(next)) reached.set(next, hash);
  }
  return [...reached.keys()];
}

/**
 * All hashes reachable from a root, each before its dependencies, the root first. Of several possible orders,
 * this is the one of Kahn's algorithm, like Spack's `traverse_nodes(order="topo")`. Throws on a cycle.
 */
export function topologicalOrder(root: DagHash, edges: Edges): DagHash[] {
  const children = new Map<DagHash, DagHash[]>();
  const inEdges = new Map<DagHash, number>([[root, 0]]);
  walk([root], (hash, from) => {
    const next = [...edges(hash, from)];
    children.set(hash, next);
    for (const child of next) inEdges.set(child, (inEdges.get(child) ?? 0) + 1);
    return next;
  });
  const order = inEdges.get(root) === 0 ? [root] : [];
  for (const hash of order) {
    for (const child of children.get(hash) ?? []) {
      const left = (inEdges.get(child) ?? 0) - 1;
      inEdges.set(child, left);
      if (left === 0) order.push(child);
    }
  }
  if (order.length < inEdges.size) throw new Error(`the dependencies of ${root} form a cycle`);
  return order;
}

/** Builds that depend directly on each node, in the given order. */
export function findDependents(builds: Iterable<{ node: Node }>): Map<DagHash, DagHash[]> {
  const dependents = new Map<DagHash, DagHash[]>();
  for (const { node } of builds) {
    for (const hash of dependencyHashes(node)) {
      const list = dependents.get(hash);
      if (list) list.push(node.hash);
      else dependents.set(hash, [node.hash]);
    }
  }
  return dependents;
}

/** Hashes of a whole DAG without its root, sorted. Throws if a node is missing. */
export function closureOf(root: DagHash, nodes: Nodes): DagHash[] {
  const closure = walk([root], (hash) => {
    const entry = nodes.get(hash);
    if (entry) return dependencyHashes(entry.node);
    throw new Error(`specs/: the node /${hash}, which /${root} depends on, is missing; restore it from git`);
  });
  return closure.slice(1).sort();
}

/** DAG hashes of a node's direct dependencies by any kind of edge, each once, in the node's order. */
export function dependencyHashes({ dependencies }: Pick<Node, 'dependencies'>): Set<DagHash> {
  return new Set(dependencies.map(({ hash }) => hash));
}
