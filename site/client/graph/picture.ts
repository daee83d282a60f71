import { readEdges } from '../../lib/graph/edges.ts';
import { layoutGraph, type NodePlace } from './layout.ts';
import { makeElement } from '../element.ts';
import type { DrawnGraph } from './drawn-graph.ts';
import { makePannable } from './pan-zoom.ts';
import { ownValue } from '../../schemas/safe-text.ts';

const NAMESPACE = 'http://www.w3.org/2000/svg';
const KINDS: Record<string, string> = { h: 'here', e: 'external', n: 'missing' };

/** Draws a DAG as a picture that can be moved and zoomed by pointer, touch and keyboard. */
export function drawPicture(drawn: DrawnGraph): HTMLElement {
  const { graph, runtime } = drawn;
  const { width, height, nodes, edges } = layoutGraph(graph, runtime);
  const picture = make('svg', {
    viewBox: `0 0 ${width} ${height}`,
    role: 'group',
    'aria-label': `Graph of ${nodes.length} nodes`,
  });
  const paths = edges.map(({ points, ...ends }) => ({ ...ends, path: make('path', { d: curveOf(points) }) }));
  const boxes = new Map(nodes.map((node) => [node.place, drawNode(node, drawn)]));
  picture.append(...paths.map(({ path }) => path), ...boxes.values());
  const direct = readEdges(graph, runtime).map((list) => list.map(({ to }) => to));

  for (const [place, box] of boxes) {
    const mark = (on: boolean): void => {
      for (const { from, to, path } of paths) if (from === place || to === place) toggle(path, on);
      for (const to of direct[place] ?? []) toggle(boxes.get(to), on);
    };
    box.addEventListener('pointerenter', () => mark(true));
    box.addEventListener('pointerleave', () => mark(false));
    box.addEventListener('focusin', () => mark(true));
    box.addEventListener('focusout', () => mark(false));
  }
  const find = makeFinder({ graph, nodes, direct, boxes, paths, picture });
  const frame = makePannable(picture, {
    width,
    height,
    middle: nodes[0]?.y ?? 0,
    label: 'Picture of the graph',
    legend:
      'Each node needs those to its right. Indirect links are hidden; point at a node to highlight all its ' +
      'dependencies. Blue: a binary is here. Dashed: an external of the builder. Grey: no binary here. ' +
      'Drag or use the arrow keys to move, + and - to zoom, 0 to see all of it.',
  });
  frame.prepend(find);
  return frame;
}

/** Parts of the picture that the finder marks. */
interface Findable {
  graph: DrawnGraph['graph'];
  nodes: readonly NodePlace[];
  /** Direct dependencies of each node, including hidden edges. */
  direct: readonly (readonly number[])[];
  boxes: ReadonlyMap<number, SVGElement>;
  paths: readonly { from: number; to: number; path: SVGElement }[];
  picture: SVGElement;
}

/** A field that finds a node by name, marks the path from the root to it, and describes the path in words. */
function makeFinder({ graph, nodes, direct, boxes, paths, picture }: Findable): HTMLElement {
  const input = makeElement('input', {
    type: 'search',
    list: 'graph-nodes',
    'aria-label': 'Find a node',
    placeholder: 'Find a node',
  });
  const status = makeElement('p', { class: 'muted', role: 'status' });
  const labels = nodes.map(({ place }) => ({
    place,
    label: `${graph.names[place]}@${graph.versions[place]}`,
  }));
  const options = labels.map(({ label }) => new Option(label));
  const choices = makeElement('datalist', { id: 'graph-nodes' }, options);
  let added: SVGElement[] = [];
  input.addEventListener('input', () => {
    const text = input.value.trim().toLowerCase();
    const match =
      labels.find(({ label }) => label === text) ??
      labels.find(({ label }) => label.startsWith(text)) ??
      labels.find(({ label }) => label.includes(text));
    const way = text && match ? wayTo(match.place, direct) : [];
    status.textContent = match
      ? way.map((place) => graph.names[place]).join(' → ')
      : 'No node has this name.';
    for (const [place, box] of boxes) box.classList.toggle('way', way.includes(place));
    for (const path of added) path.remove();
    for (const { path } of paths) path.classList.remove('way');
    added = way.slice(1).flatMap((to, index) => {
      const drawn = paths.find((path) => path.from === way[index] && path.to === to);
      drawn?.path.classList.add('way');
      return drawn ? [] : drawStep(nodes, way[index], to);
    });
    picture.prepend(...added);
    if (way.length > 0 && match)
      boxes.get(match.place)?.scrollIntoView({ block: 'nearest', inline: 'center' });
  });
  return makeElement('div', 'finder no-print', input, choices, status);
}

/** The shortest path from the root to a node. */
function wayTo(target: number, direct: readonly (readonly number[])[]): number[] {
  const before = new Map([[0, 0]]);
  for (const place of before.keys())
    for (const to of direct[place] ?? []) if (!before.has(to)) before.set(to, place);
  const way = [target];
  for (let place = target; place !== 0 && before.has(place); way.push(place)) place = before.get(place) ?? 0;
  return way.reverse();
}

/** Draws an edge that the picture leaves out. */
function drawStep(nodes: readonly NodePlace[], from: number | undefined, to: number): SVGElement[] {
  const [start, end] = [from, to].map((place) => nodes.find((node) => node.place === place));
  if (!start || !end) return [];
  const d = curveOf([
    { x: start.x + start.width / 2, y: start.y },
    { x: end.x - end.width / 2, y: end.y },
  ]);
  return [make('path', { d, class: 'way' })];
}

function drawNode({ place, name, version, x, y, width, height }: NodePlace, drawn: DrawnGraph): SVGElement {
  const { graph, pageOf } = drawn;
  const source = graph.sources.charAt(place);
  const group = make('g', {
    class: `${ownValue(KINDS, source) ?? ''}${place === 0 ? ' root' : ''}`,
    transform: `translate(${x - width / 2} ${y - height / 2})`,
  });
  const title = make('title', {});
  title.textContent = `${graph.names[place]}@${graph.versions[place]} /${graph.hashes[place]}`;
  const text = make('text', {
    x: width / 2,
    y: height / 2,
    'text-anchor': 'middle',
    'dominant-baseline': 'central',
  });
  const tail = make('tspan', { class: 'version' });
  tail.textContent = version;
  text.append(name, tail);
  group.append(title, make('rect', { width, height, rx: 5 }), text);
  if (source !== 'h' || place === 0) return group;
  const link = make('a', { href: pageOf(place) });
  link.append(group);
  return link;
}

/** A curve through the points of an edge, horizontal at each point. */
function curveOf(points: { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  if (!first) return '';
  const parts = rest.map(({ x, y }, index) => {
    const from = points[index] ?? first;
    const middle = (from.x + x) / 2;
    return `C${middle} ${from.y} ${middle} ${y} ${x} ${y}`;
  });
  return `M${first.x} ${first.y}${parts.join('')}`;
}

function toggle(element: Element | undefined, on: boolean): void {
  element?.classList.toggle('near', on);
}

function make(tag: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (!(element instanceof SVGElement)) throw new Error(`${tag} is not an SVG element`);
  return element;
}
