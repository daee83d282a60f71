import { formatCount, formatNumber } from '../../lib/format.ts';
import { recallMachine } from '../machine/remembered.ts';
import { makeButton, makeElement, makeLink, makeText } from '../element.ts';
import { BASE, findParts } from '../site.ts';
import { countBuilds, countFailures, setMachine, type SearchEngine, type SearchResult } from './engine.ts';
import { queryParts } from '../../lib/search/search-query.ts';
import { keepState, readState, stateAddress, type SearchState } from './address.ts';
import { offerFacets, offerFilters, offerMore, showFacets, filterText } from './facets.ts';
import { relaxSearch } from './relax.ts';
import { showPackages } from './rows.ts';
import { Searcher } from './searcher.ts';

/** Number of packages shown at first, and added at a time. */
const [FIRST_PACKAGES, MORE_PACKAGES] = [14, 100];
/** Maximum number of packages at which the first one is open. */
const FEW_PACKAGES = 40;

/** Parts of the page. */
type Parts = NonNullable<ReturnType<typeof findPage>>;

function findPage() {
  return findParts({
    input: ['#search-box', HTMLInputElement],
    facets: ['#facets', HTMLElement],
    list: ['#search-rows', HTMLElement],
    status: ['#search-status', HTMLElement],
    link: ['#search-link', HTMLAnchorElement],
    relax: ['#search-relax', HTMLElement],
    chips: ['#search-chips', HTMLElement],
    more: ['#search-more', HTMLButtonElement],
    all: ['#search-all', HTMLButtonElement],
    columns: ['#search-columns', HTMLElement],
  });
}

/** Makes the search page search while typing. The search is in the address. */
export function offerSearch(): void {
  const parts = findPage();
  if (!parts) return;
  const page = new SearchPage(parts);
  parts.input.form?.addEventListener('submit', (event) => event.preventDefault());
  parts.input.value = page.state.text;
  parts.input.addEventListener('input', () => page.type(parts.input.value));
  offerFilters();
  offerFacets(parts.facets, (name, word, on) => page.select(name, word, on));
  offerMore(parts.facets, () => page.show());
  parts.more.addEventListener('click', () => page.showMore());
  // The data is large, so it is loaded only when somebody searches.
  parts.input.addEventListener('focus', () => void page.start());
  parts.all.addEventListener('click', () => void page.start());
  addEventListener('popstate', () => page.revisit());
  document.addEventListener('machine', () => page.changeMachine());
  parts.all.hidden = false;
  if (stateAddress(page.state) !== '' || document.activeElement === parts.input) void page.start();
}

class SearchPage {
  readonly state: SearchState = readState(new URLSearchParams(location.search));
  readonly #parts: Parts;
  readonly #searcher = new Searcher(() => this.show());
  #shown = FIRST_PACKAGES;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Loads the data once and shows the results. */
  async start(): Promise<void> {
    if (this.#searcher.engine) return;
    this.#parts.all.hidden = true;
    this.#parts.columns.hidden = false;
    await this.#searcher.load().catch(() => {
      this.#parts.status.textContent = 'The search data could not be loaded. Type to try again.';
    });
  }

  type(text: string): void {
    this.state.text = text;
    this.#shown = FIRST_PACKAGES;
    if (this.#searcher.engine) this.show();
    else void this.start();
  }

  select(name: Parameters<SearchState['selection']['get']>[0], word: string, on: boolean): void {
    const words = this.state.selection.get(name);
    if (on) words?.add(word);
    else words?.delete(word);
    this.#shown = FIRST_PACKAGES;
    keepState(this.state, true);
    this.show();
  }

  /** Shows the search in the address, after the reader went back or forward. */
  revisit(): void {
    const { text, selection } = readState(new URLSearchParams(location.search));
    Object.assign(this.state, { text, selection });
    this.#parts.input.value = text;
    if (this.#searcher.engine) this.show();
    else void this.start();
  }

  showMore(): void {
    this.#shown += MORE_PACKAGES;
    this.show();
  }

  /** Searches and shows the results. Additional data for this search is loaded, and then shown. */
  show(): void {
    const { engine } = this.#searcher;
    if (!engine) return;
    const result = this.#searcher.search(engine, this.state.text, this.state.selection);
    const { packages } = result;
    const variants = this.state.selection.get('variant') ?? new Set();
    const context = { list: this.#parts.list, engine, result, variants };
    const isNarrow = stateAddress(this.state) !== '' && packages.length <= FEW_PACKAGES;
    showPackages(packages.slice(0, this.#shown), isNarrow ? 1 : 0, context);
    showFacets(this.#parts.facets, engine, result, this.state);
    this.#showChips();
    this.#report(result, engine);
    keepState(this.state);
  }

  changeMachine(): void {
    const { engine } = this.#searcher;
    if (!engine) return;
    setMachine(engine, recallMachine());
    this.show();
  }

  /** Shows the selected filters, each with a button to remove it. On phones, nothing else shows them. */
  #showChips(): void {
    const { chips } = this.#parts;
    const items = [...this.state.selection].flatMap(([name, words]) =>
      [...words].map((word) => {
        const text = filterText(name, word);
        const attributes = { class: 'chip', 'aria-label': `Remove the filter ${name} ${text}` };
        const chip = makeButton(attributes, [makeText(text), ' ×'], () => this.select(name, word, false));
        return makeElement('li', '', chip);
      }),
    );
    chips.replaceChildren(...items);
    const button = document.querySelector('#facets-button');
    if (button) button.textContent = items.length > 0 ? `Filters (${items.length})` : 'Filters';
  }

  #report({ rows, packages, meaning, ignored }: SearchResult, engine: SearchEngine): void {
    const { status, link, more, relax } = this.#parts;
    const failed = countFailures(engine, rows);
    const built = `${formatCount(rows.length - failed)} of ${formatNumber(countBuilds(engine), 'build')}`;
    const count = failed > 0 && failed === rows.length ? formatNumber(failed, 'failed build') : built;
    const all = engine.packages.builds.filter((builds) => builds > 0).length;
    const notes =
      rows.length === 0
        ? [
            `Nothing found among ${formatNumber(countBuilds(engine), 'build')} in ${formatNumber(all, 'package')}`,
          ]
        : [`${count} in ${formatNumber(packages.length, 'package')}`];
    if (failed > 0 && failed < rows.length) notes.push(`${formatCount(failed)} failed`);
    if (ignored.length > 0)
      notes.push(
        `no result has all of these words; shown without ${ignored.map((word) => `“${word}”`).join(', ')}`,
      );
    if (meaning.dependencies.length > 0) notes.push('dependencies after ^ are not searched');
    if (rows.length === 0)
      notes.push(
        isNarrowed(this.state)
          ? 'try fewer words or remove a filter'
          : 'Spack builds from source what is not here',
      );
    status.textContent = notes.join('; ');
    link.href = location.pathname + stateAddress(this.state);
    link.hidden = stateAddress(this.state) === '';
    more.hidden = packages.length <= this.#shown;
    const ways = rows.length === 0 ? relaxSearch(this.state, engine, this.#searcher.hashes) : [];
    const list = makeLink(`${BASE}/packages/`, 'Look through all packages');
    relax.replaceChildren(
      ...ways.map(({ without, builds, failures, need, address }) => {
        const counts = [
          builds > 0 && formatNumber(builds, 'build'),
          failures > 0 && formatNumber(failures, 'failed build'),
        ];
        const text =
          counts.filter(Boolean).join(' and ') + (without === undefined ? '' : ` without ${without}`);
        const reason = need !== undefined && `: the nearest ${need}`;
        return makeElement('li', '', makeLink(`${location.pathname}${address}`, text), reason);
      }),
      ...(rows.length === 0 ? [makeElement('li', '', list)] : []),
    );
  }
}

/** Whether a search can be widened: it has several words or a filter. */
function isNarrowed({ text, selection }: SearchState): boolean {
  return queryParts(text).length > 1 || [...selection.values()].some((words) => words.size > 0);
}
