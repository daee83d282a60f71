import { FACET_NAMES, type FacetName } from './facets-index.ts';

/** How long nothing must change before the address follows: browsers limit how often it may. */
const PAUSE_MS = 250;

/** What a reader searches for; all of it is in the page's address. */
export interface SearchState {
  text: string;
  selection: Map<FacetName, Set<string>>;
}

export function readState(parameters: URLSearchParams): SearchState {
  const selected = FACET_NAMES.map((name): [FacetName, Set<string>] => [
    name,
    new Set(parameters.getAll(name)),
  ]);
  return { text: parameters.get('q') ?? '', selection: new Map(selected) };
}

/** The query part of the address of a search; empty for none. */
export function stateAddress({ text, selection }: SearchState): string {
  const parameters = new URLSearchParams();
  if (text.trim()) parameters.set('q', text.trim());
  for (const [name, words] of selection) for (const word of words) parameters.append(name, word);
  const query = parameters.toString();
  return query ? `?${query}` : '';
}

let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * Writes a search into the address, soon. `step`: as a step of its own, which Back undoes; typing changes the step that
 * it is in.
 */
export function keepState(state: SearchState, step = false): void {
  clearTimeout(timer);
  const address = location.pathname + stateAddress(state);
  if (!step) timer = setTimeout(() => history.replaceState(null, '', address), PAUSE_MS);
  else if (address !== location.pathname + location.search) history.pushState(null, '', address);
}
