import { MAX_DAG_DEPTH } from '../../site/lib/spack/node-faults.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { Node } from '../../site/schemas/node.ts';
import type { SpecNode } from '../../site/lib/spack/dag.ts';

/**
 * Checks the nodes of a spec file in their order, the root first. Throws one sentence when a hash occurs
 * twice, an edge leads nowhere or to a node of another name, edges form a cycle, or the root does not depend
 * on a node.
 */
export function checkDag(nodes: readonly SpecNode[]): void {
  const dag = new Map<DagHash, SpecNode>();
  for (const node of nodes) {
    if (dag.has(node.node.hash)) throw new Error(`expected each node once, found ${label(node.node)} twice`);
    dag.set(node.node.hash, node);
  }
  for (const { node } of nodes) {
    for (const { name, hash } of edgesOf(node)) {
      const entry = dag.get(hash);
      if (!entry)
        throw new Error(`expected the node ${name}/${hash} that ${label(node)} depends on, found none`);
      if (entry.node.name !== name) {
        throw new Error(`expected ${name}/${hash} as ${label(node)} names it, found ${label(entry.node)}`);
      }
    }
  }
  const [root] = nodes;
  if (root) refuseCycles(root, dag);
}

/** A node as messages name it. */
export function label({ name, hash }: Pick<Node, 'name' | 'hash'>): string {
  return `${name}/${hash}`;
}

/** Walks depth first without recursion: a hostile DAG may be as deep as its number of nodes. */
function refuseCycles(root: SpecNode, dag: ReadonlyMap<DagHash, SpecNode>): void {
  /** Depth of the DAG below each node. */
  const done = new Map<DagHash, number>();
  const open = new Set<DagHash>([root.node.hash]);
  const path = [{ node: root.node, edges: edgesOf(root.node) }];
  for (let last = path.at(-1); last; last = path.at(-1)) {
    const next = last.edges.pop();
    if (!next) {
      open.delete(last.node.hash);
      const depth = 1 + Math.max(0, ...edgesOf(last.node).map(({ hash }) => done.get(hash) ?? 0));
      if (depth > MAX_DAG_DEPTH) {
        throw new Error(
          `expected a DAG at most ${MAX_DAG_DEPTH} nodes deep, found ${label(last.node)} above more`,
        );
      }
      done.set(last.node.hash, depth);
      path.pop();
      continue;
    }
    if (open.has(next.hash)) {
      throw new Error(`expected a DAG without cycles, found ${label(next)} among its own dependencies`);
    }
    const child = dag.get(next.hash);
    if (!child || done.has(next.hash)) continue;
    open.add(next.hash);
    path.push({ node: child.node, edges: edgesOf(child.node) });
  }
  for (const { node } of dag.values()) {
    if (!done.has(node.hash)) {
      throw new Error(`expected only nodes that ${label(root.node)} depends on, found ${label(node)}`);
    }
  }
}

/** Nodes whose hashes a node's own hash covers: its dependencies and, if it is spliced, its build spec. */
function edgesOf({ dependencies, build_spec: built }: Node): { name: string; hash: DagHash }[] {
  return built ? [...dependencies, built] : [...dependencies];
}
