import { formatCount, formatNumber } from '../../lib/format.ts';
import { addFiles, createSearchEngine, search } from './engine.ts';
import type { SearchEngine, SearchResult } from './engine.ts';
import { parseQuery } from '../../lib/search/search-query.ts';
import type { Query } from '../../lib/search/search-query.ts';
import { keepState, readState, stateAddress } from './address.ts';
import type { SearchState } from './address.ts';
import { openSearchFiles } from './data.ts';
import type { SearchFiles } from './data.ts';
import { offerFacets, offerMore, showFacets } from './facets.ts';
import { showRows } from './rows.ts';

/** Rows shown at once, and how many more at a time. */
const [FIRST_ROWS, MORE_ROWS] = [14, 100];
/** Packages named above the rows. */
const MOST_PACKAGES = 8;

/** The page's parts. */
interface Parts {
  input: HTMLInputElement;
  facets: HTMLElement;
  list: HTMLElement;
  packages: HTMLElement;
  status: HTMLElement;
  link: HTMLAnchorElement;
  more: HTMLButtonElement;
  all: HTMLButtonElement;
  columns: HTMLElement;
}

/** Makes the search page search while one types. What is searched for is in the address. */
export function offerSearch(): void {
  const parts = findParts();
  if (!parts) return;
  const base = parts.input.dataset['base'] ?? '';
  const page = new SearchPage(parts, openSearchFiles(base), base);
  parts.input.form?.addEventListener('submit', (event) => event.preventDefault());
  parts.input.value = page.state.text;
  parts.input.addEventListener('input', () => page.type(parts.input.value));
  offerFacets(parts.facets, (name, word, on) => page.select(name, word, on));
  offerMore(parts.facets, () => page.show());
  parts.more.addEventListener('click', () => page.showMore());
  // What it searches in is large: it comes once somebody searches.
  parts.input.addEventListener('focus', () => void page.start());
  parts.all.addEventListener('click', () => void page.start());
  parts.all.hidden = false;
  if (stateAddress(page.state) !== '' || document.activeElement === parts.input) void page.start();
}

class SearchPage {
  readonly state: SearchState = readState(new URLSearchParams(location.search));
  readonly #parts: Parts;
  readonly #files: SearchFiles;
  readonly #base: string;
  #isStarting = false;
  #engine: SearchEngine | undefined;
  #hashes: string[] | undefined;
  #result: SearchResult | undefined;
  #shown = FIRST_ROWS;

  constructor(parts: Parts, files: SearchFiles, base: string) {
    this.#parts = parts;
    this.#files = files;
    this.#base = base;
  }

  /** Loads what it searches in, once, and shows what is found. */
  async start(): Promise<void> {
    if (this.#engine || this.#isStarting) return;
    this.#isStarting = true;
    this.#parts.all.hidden = true;
    this.#parts.columns.hidden = false;
    try {
      const [packages, builds] = await Promise.all([this.#files.packages(), this.#files.builds()]);
      this.#engine = createSearchEngine(packages, builds);
    } catch {
      this.#parts.status.textContent = 'The search data could not be loaded. Type again to try once more.';
      return;
    } finally {
      this.#isStarting = false;
    }
    this.show();
  }

  type(text: string): void {
    this.state.text = text;
    this.#shown = FIRST_ROWS;
    if (this.#engine) this.show();
    else void this.start();
  }

  select(name: Parameters<SearchState['selection']['get']>[0], word: string, on: boolean): void {
    const words = this.state.selection.get(name);
    if (on) words?.add(word);
    else words?.delete(word);
    this.#shown = FIRST_ROWS;
    this.show();
  }

  showMore(): void {
    this.#shown += MORE_ROWS;
    this.show();
  }

  /** Searches and shows what is found; data that only this search needs is fetched and shown when it is there. */
  show(): void {
    const engine = this.#engine;
    if (!engine) return;
    const query = parseQuery(this.state.text);
    this.#loadMore(query, engine);
    this.#result = search(engine, query, this.state.selection, this.#hashes);
    const { rows } = this.#result;
    const { list } = this.#parts;
    const files = this.#files;
    const variants = this.state.selection.get('variant') ?? new Set();
    const context = { list, engine, files, base: this.#base, query, variants };
    showRows(rows.slice(0, this.#shown), context);
    showFacets(this.#parts.facets, engine, this.#result, this.state);
    this.#showPackages(this.#result, engine);
    this.#report(this.#result, query, engine);
    keepState(this.state);
  }

  #loadMore(query: Query, engine: SearchEngine): void {
    if (query.words.length > 0 && !engine.fileSets) {
      void this.#files.files().then((files) => {
        if (engine.fileSets) return;
        addFiles(engine, files);
        this.show();
      });
    }
    if (query.hash !== undefined && !this.#hashes) {
      void this.#files.allHashes(engine.builds.rows.package.length).then((hashes) => {
        if (this.#hashes) return;
        this.#hashes = hashes;
        this.show();
      });
    }
  }

  #showPackages({ packages }: SearchResult, engine: SearchEngine): void {
    const built = packages.filter((place) => engine.packages.builds[place]);
    const named = this.state.text.trim() === '' ? [] : built.slice(0, MOST_PACKAGES);
    const template = document.querySelector<HTMLTemplateElement>('#search-package');
    if (!template) return;
    const items = named.map((place) => {
      const item = document.importNode(template.content, true);
      const name = engine.packages.names[place] ?? '';
      const link = item.querySelector('a');
      if (link) {
        link.href = `${this.#base}/packages/${encodeURIComponent(name)}/`;
        link.textContent = name;
      }
      return item;
    });
    this.#parts.packages.replaceChildren(...items);
  }

  #report({ rows, packages }: SearchResult, query: Query, engine: SearchEngine): void {
    const { status, link, more } = this.#parts;
    const all = engine.builds.rows.package.length;
    const found = `${formatCount(rows.length)} of ${formatNumber(all, 'build')}`;
    const notes = [`${found} in ${formatNumber(packages.length, 'package')}`];
    if (query.dependencies.length > 0) notes.push('what follows ^ is not searched');
    if (rows.length === 0) notes.push('try fewer words, or take a filter away');
    status.textContent = notes.join('; ');
    link.href = location.pathname + stateAddress(this.state);
    link.hidden = stateAddress(this.state) === '';
    more.hidden = rows.length <= this.#shown;
  }
}

function findParts(): Parts | undefined {
  const input = document.querySelector<HTMLInputElement>('#search-box');
  const facets = document.querySelector<HTMLElement>('#facets');
  const list = document.querySelector<HTMLElement>('#search-rows');
  const packages = document.querySelector<HTMLElement>('#search-packages');
  const status = document.querySelector<HTMLElement>('#search-status');
  const link = document.querySelector<HTMLAnchorElement>('#search-link');
  const more = document.querySelector<HTMLButtonElement>('#search-more');
  const all = document.querySelector<HTMLButtonElement>('#search-all');
  const columns = document.querySelector<HTMLElement>('#search-columns');
  if (!input || !facets || !list || !packages || !status || !link || !more || !all || !columns)
    return undefined;
  return { input, facets, list, packages, status, link, more, all, columns };
}
