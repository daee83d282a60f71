import { formatNumber } from '../lib/format.ts';
import { createWordFinder } from '../lib/search-words.ts';
import type { WordFinder } from '../lib/search-words.ts';
import { suggestPackages } from '../lib/suggestions.ts';
import type { Suggestion } from '../lib/suggestions.ts';
import type { PackageIndex } from '../schemas/search/package-index.ts';
import { announce } from './announce.ts';
import { makeElement, makeText } from './element.ts';
import { fetchData } from './fetch-data.ts';

/** One line of the list, and where it leads. */
interface Choice {
  href: string;
  element: HTMLElement;
}

/**
 * Shows packages under a search box while one types: a combobox with a list, as the ARIA Authoring Practices have it.
 * The focus stays in the box; without a choice Enter sends what is typed to the search page.
 */
export async function offerSuggestions(input: HTMLInputElement): Promise<void> {
  const base = input.dataset['suggest'] ?? '';
  const list = makeElement('ul', 'suggestions');
  list.id = `${input.id}-suggestions`;
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', 'Suggestions');
  list.hidden = true;
  input.parentElement?.append(list);
  input.setAttribute('role', 'combobox');
  input.setAttribute('aria-autocomplete', 'list');
  input.setAttribute('aria-expanded', 'false');
  input.setAttribute('aria-controls', list.id);

  let choices: Choice[] = [];
  let active = -1;
  let finder: { index: PackageIndex; words: WordFinder } | undefined;

  function close(): void {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    activate(-1);
  }

  function activate(place: number): void {
    active = place;
    for (const [index, { element }] of choices.entries())
      element.setAttribute('aria-selected', String(index === place));
    const element = choices[place]?.element;
    if (element) input.setAttribute('aria-activedescendant', element.id);
    else input.removeAttribute('aria-activedescendant');
    element?.scrollIntoView({ block: 'nearest' });
  }

  function show(): void {
    const text = input.value.trim();
    if (!finder || text === '' || document.activeElement !== input) return close();
    const found = suggestPackages(text, finder.index, finder.words);
    choices = [
      ...found.map((suggestion) => makeChoice(suggestion, base)),
      makeSearchChoice(text, input.form?.action ?? ''),
    ];
    for (const [index, { element }] of choices.entries()) element.id = `${list.id}-${index}`;
    list.replaceChildren(...choices.map(({ element }) => element));
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    activate(-1);
    announce(`${formatNumber(found.length, 'package')}; the arrow keys choose one`);
  }

  input.addEventListener('input', show);
  input.addEventListener('focus', show);
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    const open = !list.hidden;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!open) return show();
      // One place more than there are choices: the box itself.
      const step = event.key === 'ArrowDown' ? 1 : -1;
      const count = choices.length + 1;
      activate(((active + 1 + step + count) % count) - 1);
    } else if (event.key === 'Escape' && open) {
      // The first Escape closes the list, the next one empties the box.
      event.preventDefault();
      close();
    } else if (event.key === 'Enter') {
      const choice = choices[active];
      if (!open || !choice) return;
      event.preventDefault();
      location.assign(choice.href);
    }
  });
  // A press must not take the focus out of the box before the click arrives.
  list.addEventListener('pointerdown', (event) => event.preventDefault());
  list.addEventListener('mousedown', (event) => event.preventDefault());
  list.addEventListener('click', (event) => {
    const choice = choices.find(
      ({ element }) => event.target instanceof Node && element.contains(event.target),
    );
    if (!choice) return;
    if (event.ctrlKey || event.metaKey) window.open(choice.href, '_blank', 'noopener');
    else location.assign(choice.href);
  });

  // Without its data the box sends what is typed, as it does without a script.
  const index = await fetchData<PackageIndex>(`${base}/data/packages.json`).catch(() => undefined);
  if (!index) return;
  finder = { index, words: createWordFinder(index) };
  show();
}

function makeChoice({ name, version, description, builds }: Suggestion, base: string): Choice {
  const spec = makeElement('span', 'spec', makeText(name, 'name'), makeText(`@${version}`, 'version'));
  const count = makeElement('span', 'muted count', formatNumber(builds, 'build'));
  const about = makeElement('span', 'muted about', makeText(description));
  return {
    href: `${base}/packages/${encodeURIComponent(name)}/`,
    element: makeOption(spec, ' ', count, ...(description ? [' ', about] : [])),
  };
}

function makeSearchChoice(text: string, search: string): Choice {
  return {
    href: `${search}?q=${encodeURIComponent(text)}`,
    element: makeOption('Search builds, programs and libraries for ', makeText(text, 'mono')),
  };
}

function makeOption(...children: (Node | string)[]): HTMLElement {
  const option = makeElement('li', '', ...children);
  option.setAttribute('role', 'option');
  option.setAttribute('aria-selected', 'false');
  return option;
}
