import { readEdges, useNames, type GraphEdge } from '../../lib/graph/edges.ts';
import { shortHash } from '../../lib/format.ts';
import type { DrawnGraph } from './drawn-graph.ts';

const SOURCES: Record<string, string> = { e: 'external', n: 'no binary here' };

/** A DAG as a tree of lists that open where the reader looks: written out whole it may have millions of lines. */
export function drawTree(drawn: DrawnGraph): HTMLElement {
  const edges = readEdges(drawn.graph, drawn.runtime);
  const tree = element('div', 'tree');
  tree.append(listOf(0, edges, drawn));
  return tree;
}

function listOf(place: number, edges: GraphEdge[][], drawn: DrawnGraph): HTMLElement {
  const list = element('ul');
  for (const edge of edges[place] ?? []) list.append(itemOf(edge, edges, drawn));
  if (list.childElementCount === 0) list.append(element('li', 'muted', 'Nothing.'));
  return list;
}

function itemOf(edge: GraphEdge, edges: GraphEdge[][], drawn: DrawnGraph): HTMLElement {
  const item = element('li');
  if ((edges[edge.to] ?? []).length > 0) item.append(toggleOf(edge, edges, drawn));
  item.append(...lineOf(edge, drawn));
  return item;
}

/** A button that opens what is below a node; the list is made at its first press. */
function toggleOf({ to }: GraphEdge, edges: GraphEdge[][], drawn: DrawnGraph): HTMLElement {
  const { names, versions } = drawn.graph;
  const button = document.createElement('button');
  button.type = 'button';
  button.setAttribute('aria-expanded', 'false');
  button.setAttribute('aria-label', `Dependencies of ${names[to]}@${versions[to]}`);
  let list: HTMLElement | undefined;
  button.addEventListener('click', () => {
    const open = button.getAttribute('aria-expanded') !== 'true';
    button.setAttribute('aria-expanded', String(open));
    if (!list) {
      list = listOf(to, edges, drawn);
      button.parentElement?.append(list);
    }
    list.hidden = !open;
  });
  return button;
}

function lineOf({ to, uses }: GraphEdge, { graph, pageOf }: DrawnGraph): (HTMLElement | string)[] {
  const source = graph.sources.charAt(to);
  const node = element(source === 'h' ? 'a' : 'span', 'spec');
  if (node instanceof HTMLAnchorElement) node.href = pageOf(to);
  const name = element('bdi');
  name.append(element('span', 'name', graph.names[to]), element('span', 'version', `@${graph.versions[to]}`));
  node.append(name, ' ', element('span', 'hash', `/${shortHash(graph.hashes[to] ?? '')}`));
  const remarks = [useNames(uses).join(', '), SOURCES[source]].filter(Boolean).join(' · ');
  return [node, ' ', element('small', 'muted', remarks)];
}

function element(tag: string, className = '', text = ''): HTMLElement {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}
