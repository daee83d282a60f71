import { formatNumber } from '../../lib/format.ts';
import { SEARCH_FILES } from './data.ts';
import { search, type SearchEngine, type SearchResult } from './engine.ts';
import { Searcher } from './searcher.ts';
import type { FileIndex } from '../../schemas/search/file-index.ts';
import { announce } from '../announce.ts';
import { makeElement, makeText, type Child } from '../element.ts';
import { packagePage } from '../site.ts';
import { parseQuery } from '../../lib/search/search-query.ts';

/** Number of suggested packages below which programs and libraries are suggested, too. */
const FEW_PACKAGES = 3;

/** A line of the list, and its address. */
interface Choice {
  href: string;
  element: HTMLElement;
}

/**
 * Suggests packages under a search box while typing. Without its data, the box works like without a script.
 */
export async function offerSuggestions(input: HTMLInputElement): Promise<void> {
  await new Suggestions(input).load().catch(() => undefined);
}

/**
 * A combobox with a list, following the ARIA Authoring Practices. The focus stays in the box, and without a
 * choice Enter sends the text to the search page.
 */
class Suggestions {
  readonly #input: HTMLInputElement;
  readonly #list = makeElement('ul', 'suggestions');
  readonly #searcher = new Searcher(() => this.#update());
  #names: FileIndex | undefined;
  #choices: Choice[] = [];
  /** Index of the choice that Enter follows; -1: none. */
  #active = -1;
  /** Query of the choices. */
  #text = '';

  constructor(input: HTMLInputElement) {
    this.#input = input;
  }

  /** Loads the data, and shows suggestions from then on. */
  async load(): Promise<void> {
    await this.#searcher.load();
    const input = this.#input;
    this.#describe();
    input.addEventListener('input', () => this.show());
    input.addEventListener('focus', () => this.show());
    input.addEventListener('blur', () => this.#close());
    input.addEventListener('keydown', (event) => this.#press(event));
    // A press must not take the focus from the box before the click.
    this.#list.addEventListener('mousedown', (event) => event.preventDefault());
    this.#list.addEventListener('click', (event) => this.#click(event));
    this.show();
  }

  show(): void {
    const text = this.#input.value.trim();
    const { engine } = this.#searcher;
    if (!engine || text === '' || document.activeElement !== this.#input) return this.#close();
    const suggestions = suggestPackages(this.#searcher.search(engine, text, new Map()), engine);
    // Data that arrives later adds choices, and must not take away the one that was chosen meanwhile.
    const kept = text === this.#text ? this.#choices[this.#active]?.href : undefined;
    this.#text = text;
    const files = suggestions.length < FEW_PACKAGES ? this.#suggestFiles(text) : [];
    this.#choices = [
      ...suggestions.map(makeChoice),
      ...files.map((file) => makeFileChoice(file, this.#input.form?.action ?? '')),
      makeSearchChoice(text, this.#input.form?.action ?? ''),
    ];
    for (const [place, { element }] of this.#choices.entries()) element.id = `${this.#list.id}-${place}`;
    this.#list.replaceChildren(...this.#choices.map(({ element }) => element));
    this.#list.hidden = false;
    this.#input.setAttribute('aria-expanded', 'true');
    this.#activate(this.#choices.findIndex(({ href }) => href === kept));
    announce(`${formatNumber(suggestions.length, 'package')}; the arrow keys choose one`);
  }

  /** Shows data that arrived later, but only in an open list: Escape may have closed it meanwhile. */
  #update(): void {
    if (this.#list.isConnected && !this.#list.hidden) this.show();
  }

  /** Programs and libraries. Their names are loaded on first use, and then the list is shown again. */
  #suggestFiles(text: string): FileSuggestion[] {
    if (this.#names) return suggestFiles(text, this.#names);
    SEARCH_FILES.files().then(
      (files) => {
        if (this.#names) return;
        this.#names = files;
        this.#update();
      },
      () => undefined,
    );
    return [];
  }

  #describe(): void {
    this.#list.id = `${this.#input.id}-suggestions`;
    this.#list.setAttribute('role', 'listbox');
    this.#list.setAttribute('aria-label', 'Suggestions');
    this.#list.hidden = true;
    this.#input.parentElement?.append(this.#list);
    this.#input.setAttribute('role', 'combobox');
    this.#input.setAttribute('aria-autocomplete', 'list');
    this.#input.setAttribute('aria-expanded', 'false');
    this.#input.setAttribute('aria-controls', this.#list.id);
  }

  #close(): void {
    this.#list.hidden = true;
    this.#input.setAttribute('aria-expanded', 'false');
    this.#activate(-1);
  }

  #activate(place: number): void {
    this.#active = place;
    for (const [index, { element }] of this.#choices.entries())
      element.setAttribute('aria-selected', String(index === place));
    const element = this.#choices[place]?.element;
    if (element) this.#input.setAttribute('aria-activedescendant', element.id);
    else this.#input.removeAttribute('aria-activedescendant');
    element?.scrollIntoView({ block: 'nearest' });
  }

  #press(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const open = !this.#list.hidden;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (open) this.#move(event.key === 'ArrowDown' ? 1 : -1);
      else this.show();
    } else if (event.key === 'Escape' && open) {
      // The first Escape closes the list, the next one clears the box.
      event.preventDefault();
      this.#close();
    } else if (event.key === 'Enter' && open) {
      const choice = this.#choices[this.#active];
      if (!choice) return;
      event.preventDefault();
      location.assign(choice.href);
    }
  }

  /** Moves the choice in a cycle, with the box itself between the last and the first. */
  #move(step: number): void {
    const places = this.#choices.length + 1;
    this.#activate(((this.#active + 1 + step + places) % places) - 1);
  }

  #click(event: MouseEvent): void {
    const { target } = event;
    const choice = this.#choices.find(({ element }) => target instanceof Node && element.contains(target));
    if (!choice) return;
    if (event.ctrlKey || event.metaKey) window.open(choice.href, '_blank', 'noopener');
    else location.assign(choice.href);
  }
}

function makeChoice({ name, version, description, builds }: Suggestion): Choice {
  const spec = makeElement('span', 'spec', makeText(name, 'name'), makeText(`@${version}`, 'version'));
  const count = makeElement('span', 'muted count', formatNumber(builds, 'build'));
  const about = makeElement('span', 'muted about', makeText(description));
  return {
    href: packagePage(name),
    element: makeOption(spec, ' ', count, description !== '' && [' ', about]),
  };
}

function makeFileChoice({ name, kind }: FileSuggestion, search: string): Choice {
  return {
    href: `${search}?q=${encodeURIComponent(name)}`,
    element: makeOption(makeText(name, 'mono'), ' ', makeElement('span', 'muted count', kind)),
  };
}

function makeSearchChoice(text: string, search: string): Choice {
  return {
    href: `${search}?q=${encodeURIComponent(text)}`,
    element: makeOption('Search builds, programs and libraries for ', makeText(text, 'mono')),
  };
}

function makeOption(...children: Child[]): HTMLElement {
  return makeElement('li', { role: 'option', 'aria-selected': 'false' }, children);
}

/** A suggested package. */
interface Suggestion {
  name: string;
  /** The highest version. */
  version: string;
  description: string;
  builds: number;
}

/** A suggested program or library. */
interface FileSuggestion {
  name: string;
  kind: 'program' | 'library';
}

/** Maximum numbers of suggested packages and files: as many as fit above the keyboard of a phone. */
const [MOST, MOST_FILES] = [6, 3];

/** The first packages that a search finds or, if no build matches everything, those that match its words. */
function suggestPackages(result: SearchResult, engine: SearchEngine): Suggestion[] {
  const { words } = result.meaning;
  const byWords = (): SearchResult =>
    search(engine, { words, variants: [], compilers: [], dependencies: [] }, new Map());
  const { packages: places } = result.packages.length === 0 && words.length > 0 ? byWords() : result;
  const { packages: index } = engine;
  return places.slice(0, MOST).map((place) => ({
    name: index.names[place] ?? '',
    version: index.versions[index.packageVersions[place]?.[0] ?? -1] ?? '',
    description: index.descriptions[place] ?? '',
    builds: index.builds[place] ?? 0,
  }));
}

/** Programs and libraries whose names begin with the typed text, the shortest first. */
function suggestFiles(text: string, files: FileIndex): FileSuggestion[] {
  const [word = '', ...more] = parseQuery(text).words;
  if (more.length > 0 || word.length < 2) return [];
  const matches = files.names.flatMap((name, place): FileSuggestion[] => {
    const lower = name.toLowerCase();
    const kind = place < files.programs ? 'program' : 'library';
    return lower.startsWith(word) || (kind === 'library' && lower.startsWith(`lib${word}`))
      ? [{ name, kind }]
      : [];
  });
  return matches.sort((left, right) => left.name.length - right.name.length).slice(0, MOST_FILES);
}
