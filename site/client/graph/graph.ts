import { fetchGraph } from '../spec-files.ts';
import type { Graph } from '../../schemas/graph.ts';
import type { DrawnGraph } from './drawn-graph.ts';

/** How a drawing is made; each comes with its own code when it is first asked for. */
type Draw = (graph: DrawnGraph) => HTMLElement;

const DRAWINGS: Record<string, () => Promise<Draw>> = {
  picture: async () => (await import('./picture.ts')).drawPicture,
  tree: async () => (await import('./tree.ts')).drawTree,
};

/** Offers a build's DAG as a picture and as a tree. Nothing of it is loaded before one is asked for. */
export function offerGraph(): void {
  const section = document.querySelector<HTMLElement>('section.graph');
  const choices = section?.querySelector<HTMLElement>('.choices');
  if (!section || !choices) return;
  choices.hidden = false;
  const buttons = [...choices.querySelectorAll('button')];
  for (const button of buttons) {
    button.addEventListener('click', () => {
      const pressed = button.getAttribute('aria-pressed') !== 'true';
      for (const each of buttons) each.setAttribute('aria-pressed', String(each === button && pressed));
      void show(section);
    });
  }
  choices.querySelector('input')?.addEventListener('change', () => void show(section));
}

let loading: Promise<Graph> | undefined;

async function show(section: HTMLElement): Promise<void> {
  const drawing = section.querySelector('.drawing');
  const kind = section.querySelector<HTMLElement>('[aria-pressed="true"]')?.dataset['show'];
  const makeDraw = kind === undefined ? undefined : DRAWINGS[kind];
  if (!drawing) return;
  if (!makeDraw) {
    drawing.replaceChildren();
    report(section, '');
    return;
  }
  report(section, 'Drawing …');
  loading ??= readGraph(section.dataset['base'] ?? '', section.dataset['hash'] ?? '');
  try {
    const [graph, draw] = await Promise.all([loading, makeDraw()]);
    const runtime = section.querySelector<HTMLInputElement>('input[name="runtime"]')?.checked ?? false;
    const pages = `${section.dataset['base'] ?? ''}/builds`;
    const pageOf = (place: number): string =>
      `${pages}/${encodeURIComponent(graph.names[place] ?? '')}/${graph.hashes[place] ?? ''}/`;
    drawing.replaceChildren(draw({ graph, runtime, pageOf }));
    report(section, '');
  } catch {
    loading = undefined;
    report(section, 'The graph could not be loaded; press the button again.');
  }
}

async function readGraph(base: string, hash: string): Promise<Graph> {
  const graph = await fetchGraph(base, hash);
  if (!graph) throw new Error(`/${hash} is in none of the graphs of this site`);
  return graph;
}

function report(section: HTMLElement, text: string): void {
  const status = section.querySelector('[role="status"]');
  if (status) status.textContent = text;
}
