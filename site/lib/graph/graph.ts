import type { DagHash } from '../../schemas/digest.ts';
import type { Graph, GraphPart } from '../../schemas/graph.ts';
import type { Node } from '../../schemas/node.ts';
import { makeWordList } from '../search/word-list.ts';
import { compareTexts } from '../spack/versions.ts';
import { NODES_PER_FILE, USE } from './edges.ts';

interface GraphInput {
  nodes: ReadonlyMap<DagHash, { node: Node }>;
  builds: ReadonlyMap<DagHash, unknown>;
}

/**
 * Nodes of all builds' DAGs, one part per file. They are in the order of the builds, the oldest first, so
 * that each DAG is in few parts. Throws if a node is missing.
 */
export function describeGraphs({ nodes, builds }: GraphInput): GraphPart[] {
  const order = orderNodes(nodes, [...builds.keys()].reverse());
  const places = new Map(order.map(({ hash }, place) => [hash, place]));
  return Array.from({ length: Math.ceil(order.length / NODES_PER_FILE) }, (_, part) => {
    const own = order.slice(part * NODES_PER_FILE, (part + 1) * NODES_PER_FILE);
    const names = makeWordList(own.map(({ name }) => name));
    const versions = makeWordList(own.map(({ version }) => version));
    return {
      names: names.words,
      versions: versions.words,
      hashes: own.map(({ hash }) => hash),
      name: own.map(({ name }) => names.placeOf(name)),
      version: own.map(({ version }) => versions.placeOf(version)),
      sources: own.map((node) => (builds.has(node.hash) ? 'h' : node.external ? 'e' : 'n')).join(''),
      edges: own.map((node) => describeEdges(node, places)),
    };
  });
}

/**
 * Assembles the DAG of one build, breadth first. `read`
 * returns a part and is called only for the parts needed.
 */
export async function readGraph(
  root: DagHash,
  read: (part: number) => Promise<GraphPart | undefined>,
): Promise<Graph | undefined> {
  const parts = new Map<number, GraphPart>();
  const start = await findRoot(root, read, parts);
  if (start === undefined) return undefined;
  const places = new Map<number, number>([[start, 0]]);
  const graph: Graph = { names: [], versions: [], hashes: [], sources: '', edges: [] };
  for (const place of places.keys()) {
    const index = Math.floor(place / NODES_PER_FILE);
    const part = parts.get(index) ?? (await read(index));
    if (!part) return undefined;
    parts.set(index, part);
    const at = place % NODES_PER_FILE;
    graph.names.push(part.names[part.name[at] ?? -1] ?? '');
    graph.versions.push(part.versions[part.version[at] ?? -1] ?? '');
    graph.hashes.push(part.hashes[at] ?? '');
    graph.sources += part.sources.charAt(at);
    graph.edges.push(
      (part.edges[at] ?? []).map((value, turn) => {
        if (turn % 2 === 1) return value;
        const index = places.get(place - value) ?? places.size;
        places.set(place - value, index);
        return index;
      }),
    );
  }
  return graph;
}

async function findRoot(
  root: DagHash,
  read: (part: number) => Promise<GraphPart | undefined>,
  parts: Map<number, GraphPart>,
): Promise<number | undefined> {
  for (let index = 0; ; index += 1) {
    const part = await read(index);
    if (!part) return undefined;
    parts.set(index, part);
    const at = part.hashes.indexOf(root);
    if (at >= 0) return index * NODES_PER_FILE + at;
    if (part.hashes.length < NODES_PER_FILE) return undefined;
  }
}

/** The nodes that roots reach, each after its dependencies, without recursion: DAGs may be deep. */
function orderNodes(nodes: GraphInput['nodes'], roots: readonly DagHash[]): Node[] {
  const order = new Map<DagHash, Node>();
  const waiting = roots.toReversed();
  for (let hash = waiting.at(-1); hash !== undefined; hash = waiting.at(-1)) {
    const node = nodes.get(hash)?.node;
    if (!node) throw new Error(`specs/: the node /${hash} is missing; restore it from git`);
    const open = order.has(hash) ? [] : node.dependencies.filter((edge) => !order.has(edge.hash));
    if (open.length > 0) {
      waiting.push(...open.map((edge) => edge.hash).reverse());
      continue;
    }
    order.set(hash, node);
    waiting.pop();
  }
  return [...order.values()];
}

function describeEdges(node: Node, places: ReadonlyMap<DagHash, number>): number[] {
  const uses = new Map<DagHash, number>();
  const byName = node.dependencies.toSorted((left, right) => compareTexts(left.name, right.name));
  for (const { hash, parameters } of byName) {
    const sum = parameters.deptypes.reduce((bits, type) => bits | useBit(type), uses.get(hash) ?? 0);
    uses.set(hash, sum);
  }
  const own = places.get(node.hash) ?? 0;
  return [...uses].flatMap(([hash, bits]) => [own - (places.get(hash) ?? 0), bits]);
}

function useBit(type: string): number {
  return Object.entries(USE).find(([name]) => name === type)?.[1] ?? 0;
}
