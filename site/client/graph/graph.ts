import type { ShownBuild } from '../build/shown-build.ts';
import { makeButton, makeElement } from '../element.ts';
import { buildPage } from '../site.ts';
import { fetchGraph } from '../spec-files.ts';
import type { Graph } from '../../schemas/graph.ts';
import type { DrawnGraph } from './drawn-graph.ts';

/** A kind of drawing. Its code is loaded on first use. */
interface Drawing {
  name: string;
  load(): Promise<(graph: DrawnGraph) => HTMLElement>;
}

const DRAWINGS: readonly Drawing[] = [
  { name: 'Graph', load: async () => (await import('./picture.ts')).drawPicture },
  { name: 'Tree', load: async () => (await import('./tree.ts')).drawTree },
];

/** Section with a build's DAG as a picture or a tree. Nothing is loaded before the reader chooses one. */
export function makeGraphSection(build: ShownBuild): HTMLElement {
  const status = makeElement('p', { class: 'muted', role: 'status' });
  const drawing = makeElement('div', 'drawing');
  const runtime = makeElement('input', { type: 'checkbox' });
  let loading: Promise<Graph> | undefined;
  let shown: Drawing | undefined;

  const buttons = DRAWINGS.map((kind) =>
    makeButton({ 'aria-pressed': 'false' }, kind.name, () => {
      shown = shown === kind ? undefined : kind;
      for (const [place, each] of buttons.entries())
        each.setAttribute('aria-pressed', String(DRAWINGS[place] === shown));
      void show();
    }),
  );
  runtime.addEventListener('change', () => void show());

  async function show(): Promise<void> {
    if (!shown) {
      drawing.replaceChildren();
      status.textContent = '';
      return;
    }
    status.textContent = 'Drawing …';
    loading ??= readGraph(build);
    try {
      const [graph, draw] = await Promise.all([loading, shown.load()]);
      const pageOf = (place: number): string =>
        buildPage({ name: graph.names[place] ?? '', hash: graph.hashes[place] ?? '' });
      drawing.replaceChildren(draw({ graph, runtime: runtime.checked, pageOf }));
      status.textContent = '';
    } catch {
      loading = undefined;
      status.textContent = 'The graph could not be loaded; press the button again.';
    }
  }

  return makeElement(
    'section',
    'graph',
    makeElement('h2', '', 'All dependencies'),
    makeElement(
      'ul',
      'list-inline choices no-print',
      buttons.map((button) => makeElement('li', '', button)),
      makeElement('li', '', makeElement('label', '', runtime, ' Run-time only')),
    ),
    status,
    drawing,
  );
}

async function readGraph({ hash }: ShownBuild): Promise<Graph> {
  const graph = await fetchGraph(hash);
  if (!graph) throw new Error(`/${hash} is in none of the graphs of this site`);
  return graph;
}
