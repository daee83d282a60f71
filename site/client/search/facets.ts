import { formatCount, formatMonth } from '../../lib/format.ts';
import type { SearchEngine, SearchResult } from './engine.ts';
import { FACET_NAMES, type Facet, type FacetName } from './facets-index.ts';
import type { SearchState } from './address.ts';
import { ownValue } from '../../schemas/safe-text.ts';

/** Maximum number of a facet's values shown at first, and after opening it. */
const [FEW, MOST] = [8, 200];
/** Maximum number of packages for which the facet of versions makes sense. */
const MOST_PACKAGES_WITH_VERSIONS = 3;
/** Variants that nearly all builds have and nobody searches for. */
export const PLAIN_VARIANT = /^(build_system|build_type|generator)=/;

const STATE_LABELS: Record<string, string> = {
  site: 'on this site',
  registry: 'registry only',
  failed: 'failed',
  here: 'runs on my machine',
  chosen: 'chosen by Spack',
  unknown: 'not known',
};

const FRESHNESS_LABELS: Record<string, string> = {
  older: 'older than the newest',
  current: 'current',
  'no newer': 'nothing newer',
  unknown: 'not compared',
};

/** A value of a facet in readable form. */
export function filterText(name: FacetName, word: string): string {
  if (name === 'recipes') return ownValue(FRESHNESS_LABELS, word) ?? word;
  if (name === 'state' || name === 'runs') return ownValue(STATE_LABELS, word) ?? word;
  if (name === 'month') return formatMonth(word);
  return name === 'os' ? word.slice(word.indexOf(' ') + 1) : word;
}

/** Facets that show all values. */
const expanded = new Set<FacetName>();

/** Lets readers narrow a search. `change` is called with each selection. */
export function offerFacets(
  root: HTMLElement,
  change: (name: FacetName, word: string, on: boolean) => void,
): void {
  root.addEventListener('change', ({ target }) => {
    if (!(target instanceof HTMLInputElement)) return;
    const name = FACET_NAMES.find((facet) => facet === target.name);
    if (name) change(name, target.value, target.checked);
  });
}

/** Opens and closes the filters on screens that are too narrow to show them next to the results. */
export function offerFilters(): void {
  const button = document.querySelector('#facets-button');
  button?.addEventListener('click', () => {
    const open = button.getAttribute('aria-expanded') === 'true';
    button.setAttribute('aria-expanded', String(!open));
  });
}

/** Shows the number of rows that each value would leave. */
export function showFacets(
  root: HTMLElement,
  engine: SearchEngine,
  result: SearchResult,
  state: SearchState,
): void {
  for (const fieldset of root.querySelectorAll<HTMLFieldSetElement>('fieldset')) {
    const facet = engine.facets.get(
      FACET_NAMES.find((name) => name === fieldset.dataset['facet']) ?? 'state',
    );
    if (facet && facet.name === fieldset.dataset['facet'])
      showFacet(fieldset, facet, result, state.selection.get(facet.name) ?? new Set());
    else fieldset.hidden = true;
  }
}

function showFacet(
  fieldset: HTMLFieldSetElement,
  facet: Facet,
  result: SearchResult,
  selected: ReadonlySet<string>,
): void {
  const counts = result.counts.get(facet.name) ?? new Uint32Array();
  const places = orderPlaces(facet, counts, result, selected);
  const shown = places.slice(0, expanded.has(facet.name) ? MOST : FEW);
  const list = fieldset.querySelector('ul');
  const template = document.querySelector<HTMLTemplateElement>('#facet-option');
  if (!list || !template) return;
  while (list.children.length > shown.length) list.lastElementChild?.remove();
  while (list.children.length < shown.length) list.append(document.importNode(template.content, true));
  for (const [index, place] of shown.entries()) {
    const item = list.children[index];
    const word = facet.words[place] ?? '';
    if (item) showOption(item, facet.name, word, counts[place] ?? 0, selected.has(word));
  }
  fieldset.hidden = shown.length === 0;
  showMore(fieldset, facet.name, places.length);
}

function showOption(item: Element, name: FacetName, word: string, count: number, checked: boolean): void {
  const [input, label, number] = [
    item.querySelector('input'),
    item.querySelector('bdi'),
    item.querySelector('.number'),
  ];
  if (!input || !label || !number) return;
  if (input.value !== word || input.name !== name) {
    input.name = name;
    input.value = word;
    label.textContent = filterText(name, word);
  }
  if (input.checked !== checked) input.checked = checked;
  const text = formatCount(count);
  if (number.textContent !== text) number.textContent = text;
}

function showMore(fieldset: HTMLFieldSetElement, name: FacetName, values: number): void {
  const button = fieldset.querySelector('button');
  if (!button) return;
  button.hidden = values <= FEW;
  const text = expanded.has(name) ? 'Show fewer' : `Show all ${formatCount(Math.min(values, MOST))}`;
  if (button.textContent !== text) button.textContent = text;
}

/** Opens and closes the rest of a facet. `show` redraws it. */
export function offerMore(root: HTMLElement, show: () => void): void {
  root.addEventListener('click', ({ target }) => {
    if (!(target instanceof HTMLButtonElement)) return;
    const name = FACET_NAMES.find((facet) => facet === target.closest('fieldset')?.dataset['facet']);
    if (!name) return;
    if (!expanded.delete(name)) expanded.add(name);
    show();
  });
}

/** Indexes of values with results, in an order that does not change while typing; variants by frequency. */
function orderPlaces(
  facet: Facet,
  counts: Uint32Array,
  result: SearchResult,
  selected: ReadonlySet<string>,
): number[] {
  const places: number[] = [];
  const several = facet.name === 'version' && result.packages.length > MOST_PACKAGES_WITH_VERSIONS;
  for (const [place, word] of facet.words.entries()) {
    const wanted = !several && !PLAIN_VARIANT.test(word);
    if (selected.has(word) || ((counts[place] ?? 0) > 0 && wanted)) places.push(place);
  }
  if (facet.name === 'version') return places.reverse();
  if (facet.name !== 'variant') return places;
  // A value that every result has cannot narrow the search, so it comes last.
  const rows = result.rows.length;
  const same = (place: number): number =>
    Number(counts[place] === rows && !selected.has(facet.words[place] ?? ''));
  return places.sort(
    (left, right) => same(left) - same(right) || (counts[right] ?? 0) - (counts[left] ?? 0) || left - right,
  );
}
