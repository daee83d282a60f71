import { readEdges, useNames, type GraphEdge } from '../../lib/graph/edges.ts';
import { shortHash } from '../../lib/format.ts';
import { makeButton, makeElement, type Child } from '../element.ts';
import type { DrawnGraph } from './drawn-graph.ts';
import { ownValue } from '../../schemas/safe-text.ts';

const SOURCES: Record<string, string> = { e: 'external', n: 'no binary here' };

/** Draws a DAG as a tree of lists that open on demand. The whole tree may have millions of lines. */
export function drawTree(drawn: DrawnGraph): HTMLElement {
  return makeElement('div', 'tree', listOf(0, readEdges(drawn.graph, drawn.runtime), drawn));
}

function listOf(place: number, edges: GraphEdge[][], drawn: DrawnGraph): HTMLElement {
  const items = (edges[place] ?? []).map((edge) => {
    const isLeaf = (edges[edge.to] ?? []).length === 0;
    return makeElement('li', '', !isLeaf && toggleOf(edge, edges, drawn), lineOf(edge, drawn));
  });
  return makeElement('ul', '', items.length > 0 ? items : makeElement('li', 'muted', 'Nothing.'));
}

/** A button that opens the dependencies of a node. The list is made when it is first pressed. */
function toggleOf({ to }: GraphEdge, edges: GraphEdge[][], drawn: DrawnGraph): HTMLElement {
  const { names, versions } = drawn.graph;
  const label = `Dependencies of ${names[to]}@${versions[to]}`;
  let list: HTMLElement | undefined;
  const button = makeButton({ 'aria-expanded': 'false', 'aria-label': label }, '', () => {
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

function lineOf({ to, uses }: GraphEdge, { graph, pageOf }: DrawnGraph): Child[] {
  const source = graph.sources.charAt(to);
  const name = makeElement(
    'bdi',
    '',
    makeElement('span', 'name', graph.names[to]),
    makeElement('span', 'version', `@${graph.versions[to]}`),
  );
  const hash = makeElement('span', 'hash', `/${shortHash(graph.hashes[to] ?? '')}`);
  const isHere = source === 'h';
  const attributes = { class: 'spec', href: isHere ? pageOf(to) : '' };
  const node = makeElement(isHere ? 'a' : 'span', attributes, name, ' ', hash);
  const remarks = [useNames(uses).join(', '), ownValue(SOURCES, source)].filter(Boolean).join(' · ');
  return [node, ' ', makeElement('small', 'muted', remarks)];
}
