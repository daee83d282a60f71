/**
 * The edges of a DAG that do not follow from others: one to a node that another dependency leads to as well is left
 * out (the transitive reduction). With all of them a graph of a hundred nodes is a knot that nobody reads.
 * @param edges for each node the nodes it leads to
 */
export function reduceEdges(edges: readonly (readonly number[])[]): number[][] {
  const below = new Map<number, Set<number>>();

  /** All that a node leads to. */
  function descend(node: number): Set<number> {
    const known = below.get(node);
    if (known) return known;
    const found = new Set<number>();
    below.set(node, found);
    for (const next of edges[node] ?? []) {
      found.add(next);
      for (const further of descend(next)) found.add(further);
    }
    return found;
  }

  return edges.map((nexts) =>
    nexts.filter((next) => !nexts.some((other) => other !== next && descend(other).has(next))),
  );
}
