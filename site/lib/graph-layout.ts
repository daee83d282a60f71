import { Graph as LayoutGraph, layout } from '@dagrejs/dagre';
import type { Graph } from '../schemas/graph.ts';
import { readEdges } from './graph-edges.ts';
import { reduceEdges } from './graph-reduce.ts';

/** Pixels. A monospaced character of 13 pixels is at most 8 wide. */
const CHARACTER_WIDTH = 8;
const NODE_HEIGHT = 28;
const PADDING = 10;
const MARGIN = 16;

/** Characters of a node's label at most; the whole is in its title. */
const MOST_CHARACTERS = 30;

export interface NodePlace {
  place: number;
  name: string;
  version: string;
  /** Of the box's middle. */
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface GraphLayout {
  width: number;
  height: number;
  nodes: NodePlace[];
  /** Only those that do not follow from others. */
  edges: { from: number; to: number; points: { x: number; y: number }[] }[];
}

/** Places a DAG's nodes from top to bottom, each above all it depends on. */
export function layoutGraph(graph: Graph, runtime: boolean): GraphLayout {
  const all = readEdges(graph, runtime).map((edges) => edges.map(({ to }) => to));
  const reached = new Set([0, ...all.flat()]);
  const drawing = new LayoutGraph();
  drawing.setGraph({ rankdir: 'TB', nodesep: 14, edgesep: 8, ranksep: 30, marginx: MARGIN, marginy: MARGIN });
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
      points: drawing.edge(v, w).points ?? [],
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

function boxOf({ x = 0, y = 0, width = 0, height = 0 }): Pick<NodePlace, 'x' | 'y' | 'width' | 'height'> {
  return { x, y, width, height };
}
