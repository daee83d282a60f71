import type { DagHash } from '../../schemas/digest.ts';
import { USE } from './edges.ts';
import type { Graph } from '../../schemas/graph.ts';
import type { Node } from '../../schemas/node.ts';
import { compareTexts } from '../spack/versions.ts';

interface GraphInput {
  nodes: ReadonlyMap<DagHash, { node: Node }>;
  builds: ReadonlyMap<DagHash, unknown>;
}

/** A build's whole DAG, breadth first, the dependencies of each node by name. Throws where a node is missing. */
export function describeGraph(root: DagHash, { nodes, builds }: GraphInput): Graph {
  const places = new Map<DagHash, number>([[root, 0]]);
  const graph: Graph = { names: [], versions: [], hashes: [], sources: '', edges: [] };
  for (const hash of places.keys()) {
    const node = nodes.get(hash)?.node;
    if (!node) throw new Error(`specs/: the node /${hash} is missing; restore it from git`);
    graph.names.push(node.name);
    graph.versions.push(node.version);
    graph.hashes.push(hash);
    graph.sources += builds.has(hash) ? 'h' : node.external ? 'e' : 'n';
    graph.edges.push(describeEdges(node, places));
  }
  return graph;
}

function describeEdges(node: Node, places: Map<DagHash, number>): number[] {
  const uses = new Map<DagHash, number>();
  const byName = node.dependencies.toSorted((left, right) => compareTexts(left.name, right.name));
  for (const { hash, parameters } of byName) {
    const sum = parameters.deptypes.reduce((bits, type) => bits | useBit(type), uses.get(hash) ?? 0);
    uses.set(hash, sum);
  }
  return [...uses].flatMap(([hash, bits]) => {
    const place = places.get(hash) ?? places.size;
    places.set(hash, place);
    return [place, bits];
  });
}

function useBit(type: string): number {
  return Object.entries(USE).find(([name]) => name === type)?.[1] ?? 0;
}
