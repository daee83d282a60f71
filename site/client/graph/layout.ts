import { Graph as LayoutGraph, layout } from '@dagrejs/dagre';
import type { Graph } from '../../schemas/graph.ts';
import { readEdges } from '../../lib/graph/edges.ts';

/** In pixels. A monospaced character of 13 pixels is at most 8 wide. */
const CHARACTER_WIDTH = 8;

const NODE_HEIGHT = 28;

const PADDING = 10;

const MARGIN = 16;

/** Maximum length of a node's label, in characters. The full text is in its title. */
const MOST_CHARACTERS = 30;

interface Point {
  x: number;
  y: number;
}

/** A box; `x` and `y` are its centre. */
interface Box extends Point {
  width: number;
  height: number;
}

/** A node of the graph with its box; `place` is its index there. */
export interface NodePlace extends Box {
  place: number;
  name: string;
  version: string;
}

/** Positions of all nodes and edges, and the size of the whole picture. */
export interface GraphLayout {
  width: number;
  height: number;
  nodes: NodePlace[];
  /** Only edges that do not follow from others. */
  edges: { from: number; to: number; points: Point[] }[];
}

/** Places the nodes of a DAG from left to right, each before its dependencies. */
export function layoutGraph(graph: Graph, runtime: boolean): GraphLayout {
  const all = readEdges(graph, runtime).map((edges) => edges.map(({ to }) => to));
  const reached = new Set([0, ...all.flat()]);
  const drawing = new LayoutGraph();
  drawing.setGraph({ rankdir: 'LR', nodesep: 10, edgesep: 6, ranksep: 36, marginx: MARGIN, marginy: MARGIN });
  drawing.setDefaultEdgeLabel(() => ({}));
  const labels = new Map([...reached].map((place) => [place, labelOf(graph, place)]));
  for (const [place, { name, version }] of labels) {
    const width = CHARACTER_WIDTH * (name.length + version.length) + 2 * PADDING;
    drawing.setNode(String(place), { width, height: NODE_HEIGHT });
  }
  for (const [from, nexts] of reduceEdges(all).entries()) {
    for (const to of nexts) drawing.setEdge(String(from), String(to));
  }
  layout(drawing);
  const { width = 0, height = 0 } = drawing.graph();
  return {
    width,
    height,
    nodes: [...labels].map(([place, label]) => ({ place, ...label, ...boxOf(drawing.node(String(place))) })),
    edges: drawing.edges().map(({ v, w }) => ({
      from: Number(v),
      to: Number(w),
      points: pointsOf(drawing.edge(v, w).points ?? [], boxOf(drawing.node(v)), boxOf(drawing.node(w))),
    })),
  };
}

function labelOf({ names, versions }: Graph, place: number): { name: string; version: string } {
  const name = shorten(names[place] ?? '', MOST_CHARACTERS);
  return { name, version: shorten(`@${versions[place]}`, Math.max(MOST_CHARACTERS - name.length, 10)) };
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function boxOf({ x = 0, y = 0, width = 0, height = 0 }): Box {
  return { x, y, width, height };
}

/**
 * Points of an edge, from the middle of the right side of one node to the middle of the left side of another.
 */
function pointsOf(points: Point[], from: Box, to: Box): Point[] {
  return [
    { x: from.x + from.width / 2, y: from.y },
    ...points.slice(1, -1),
    { x: to.x - to.width / 2, y: to.y },
  ];
}

/**
 * Transitive reduction of a DAG: edges to nodes that are also reachable through another dependency are left
 * out. With all edges, a graph of a hundred nodes would be unreadable.
 * @param edges direct dependencies of each node
 */
export function reduceEdges(edges: readonly (readonly number[])[]): number[][] {
  const below = new Map<number, Set<number>>();

  function descend(node: number): Set<number> {
    const cached = below.get(node);
    if (cached) return cached;
    const reached = new Set<number>();
    below.set(node, reached);
    for (const next of edges[node] ?? []) {
      reached.add(next);
      for (const further of descend(next)) reached.add(further);
    }
    return reached;
  }

  return edges.map((nexts) =>
    nexts.filter((next) => !nexts.some((other) => other !== next && descend(other).has(next))),
  );
}
