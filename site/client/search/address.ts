import { FACET_NAMES, type FacetName } from './facets-index.ts';

/** Pause in typing before the address is updated, because browsers limit the frequency of updates. */
const PAUSE_MS = 250;

/** Text and filters of a search, all of which are in the page's address. */
export interface SearchState {
  text: string;
  selection: Map<FacetName, Set<string>>;
}

/** Reads a search from the query part of an address. */
export function readState(parameters: URLSearchParams): SearchState {
  const selected = FACET_NAMES.map((name): [FacetName, Set<string>] => [
    name,
    new Set(parameters.getAll(name)),
  ]);
  return { text: parameters.get('q') ?? '', selection: new Map(selected) };
}

/** Query part of the address of a search. Empty if there is no search. */
export function stateAddress({ text, selection }: SearchState): string {
  const parameters = new URLSearchParams();
  if (text.trim()) parameters.set('q', text.trim());
  for (const [name, words] of selection) for (const word of words) parameters.append(name, word);
  const query = parameters.toString();
  return query ? `?${query}` : '';
}

let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * Writes a search into the address after a short pause. With `step`, it adds a history entry, so that Back
 * undoes it; typing only changes the current entry.
 */
export function keepState(state: SearchState, step = false): void {
  clearTimeout(timer);
  const address = location.pathname + stateAddress(state);
  if (!step) timer = setTimeout(() => history.replaceState(null, '', address), PAUSE_MS);
  else if (address !== location.pathname + location.search) history.pushState(null, '', address);
}
