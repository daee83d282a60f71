import { formatCount, formatDate, formatSize, DAY_MS } from '../../lib/format.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import { PACKAGES_PER_PAGE } from '../../lib/page/paging.ts';
import { makeButton, makeElement } from '../element.ts';
import { BASE, findParts, packagePage } from '../site.ts';
import { SEARCH_FILES } from '../search/data.ts';
import { WordFinder } from '../search/words.ts';

interface TableState extends PackageView {
  /** Counted from 1. */
  page: number;
}

type Parts = NonNullable<ReturnType<typeof findPage>>;

function findPage() {
  return findParts({
    input: ['.package-search input', HTMLInputElement],
    table: ['.packages table', HTMLTableElement],
    list: ['#packages', HTMLElement],
    pages: ['#pages', HTMLElement],
    status: ['.found', HTMLElement],
    template: ['#package-row', HTMLTemplateElement],
  });
}

/** Makes the table of packages sortable, and filters it by its search box. The state is in the address. */
export function offerTable(): void {
  const parts = findPage();
  if (!parts) return;
  const state = readState();
  const { input, table, pages } = parts;
  input.value = state.text;
  input.form?.addEventListener('submit', (event) => event.preventDefault());
  input.addEventListener('focus', () => void SEARCH_FILES.packages().catch(() => undefined), { once: true });
  input.addEventListener('input', () => {
    Object.assign(state, { text: input.value, page: 1 });
    void show(parts, state);
  });
  addSortButtons(table, state, (column) => {
    const descending = state.sort === column ? !state.descending : LARGEST_FIRST.has(column);
    Object.assign(state, { sort: column, descending, page: 1 });
    void show(parts, state);
  });
  pages.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : undefined;
    if (!link?.dataset['page']) return;
    event.preventDefault();
    state.page = Number(link.dataset['page']);
    void show(parts, state).then(() => {
      table.scrollIntoView();
      pages.querySelector<HTMLElement>('[aria-current]')?.focus({ preventScroll: true });
    });
  });
  if (location.search !== '') void show(parts, state);
}

function readState(): TableState {
  const parameters = new URLSearchParams(location.search);
  const sort = PACKAGE_COLUMNS.find((column) => column === parameters.get('sort')) ?? 'name';
  return {
    text: parameters.get('q') ?? '',
    sort,
    descending: parameters.get('order') === 'descending',
    page: Math.max(1, Number(parameters.get('page')) || 1),
  };
}

function keepState({ text, sort, descending, page }: TableState): void {
  const parameters = new URLSearchParams();
  if (text.trim()) parameters.set('q', text.trim());
  if (sort !== 'name' || descending) parameters.set('sort', sort);
  if (descending) parameters.set('order', 'descending');
  if (page > 1) parameters.set('page', String(page));
  const query = parameters.toString();
  history.replaceState(null, '', `${BASE}/packages/${query && '?'}${query}`);
}

async function show(parts: Parts, state: TableState): Promise<void> {
  const { list, template } = parts;
  let index: PackageIndex;
  try {
    index = await SEARCH_FILES.packages();
  } catch {
    parts.status.textContent = 'The list of packages could not be loaded; try again.';
    return;
  }
  const places = orderPackages(index, state);
  const count = Math.max(1, Math.ceil(places.length / PACKAGES_PER_PAGE));
  state.page = Math.min(state.page, count);
  const shown = places.slice((state.page - 1) * PACKAGES_PER_PAGE, state.page * PACKAGES_PER_PAGE);
  while (list.children.length > shown.length) list.lastElementChild?.remove();
  while (list.children.length < shown.length) list.append(document.importNode(template.content, true));
  for (const [row, place] of shown.entries()) {
    const element = list.children[row];
    if (element instanceof HTMLElement) fillRow(element, index, place);
  }
  markSorted(parts.table, state);
  showPages(parts.pages, places, state.page, count);
  const all = index.builds.filter((builds) => builds > 0).length;
  parts.status.textContent = state.text.trim()
    ? `${formatCount(places.length)} of ${formatCount(all)} packages`
    : '';
  keepState(state);
}

function addSortButtons(
  table: HTMLTableElement,
  state: TableState,
  sort: (column: PackageColumn) => void,
): void {
  for (const head of table.querySelectorAll<HTMLElement>('thead th[data-column]')) {
    const column = PACKAGE_COLUMNS.find((name) => name === head.dataset['column']);
    if (!column) continue;
    head.replaceChildren(makeButton('sort', [...head.childNodes], () => sort(column)));
  }
  markSorted(table, state);
}

function markSorted(table: HTMLTableElement, { sort, descending }: TableState): void {
  for (const head of table.querySelectorAll<HTMLElement>('thead th[data-column]')) {
    if (head.dataset['column'] === sort)
      head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
    else head.removeAttribute('aria-sort');
  }
}

/** Shows the range of packages on this page, and links to the other pages of the table. */
function showPages(pages: HTMLElement, places: readonly number[], page: number, count: number): void {
  const items = Array.from({ length: count }, (_, number) => {
    const label = String(number + 1);
    const attributes = {
      href: `?page=${label}`,
      'data-page': label,
      'aria-label': `Page ${label}`,
      'aria-current': number + 1 === page ? 'page' : '',
    };
    return makeElement('li', '', makeElement('a', attributes, label));
  });
  const first = (page - 1) * PACKAGES_PER_PAGE + 1;
  const last = Math.min(page * PACKAGES_PER_PAGE, places.length);
  const shown = makeElement(
    'li',
    '',
    `${formatCount(first)}–${formatCount(last)} of ${formatCount(places.length)}`,
  );
  pages.replaceChildren(makeElement('ul', 'list-inline', shown, items));
  pages.hidden = count === 1;
}

function fillRow(row: HTMLElement, index: PackageIndex, place: number): void {
  const name = index.names[place] ?? '';
  // In the order of the row's cells: `PackageRow.astro`.
  const texts = [
    name,
    index.descriptions[place] ?? '',
    index.versions[index.packageVersions[place]?.[0] ?? -1] ?? '',
    formatMore(index.packageVersions[place]?.length ?? 0),
    (index.packageTargets[place] ?? []).map((target) => index.targets[target]).join(', '),
    formatCount(index.builds[place] ?? 0),
    formatSize(index.sizes[place] ?? 0),
    formatDate(new Date((index.updated[place] ?? 0) * DAY_MS).toISOString()),
  ];
  for (const [field, element] of row.querySelectorAll('bdi, span, td:nth-child(n + 4)').entries()) {
    const text = texts[field] ?? '';
    if (element.textContent !== text) element.textContent = text;
  }
  const link = row.querySelector('a');
  if (link) link.href = packagePage(name);
}

/** Number of versions besides the highest. */
function formatMore(versions: number): string {
  return versions > 1 ? `+${versions - 1}` : '';
}

const PACKAGE_COLUMNS = ['name', 'version', 'targets', 'builds', 'size', 'updated'] as const;
type PackageColumn = (typeof PACKAGE_COLUMNS)[number];

interface PackageView {
  /** Words that names or descriptions must have. */
  text: string;
  sort: PackageColumn;
  descending: boolean;
}

/** Columns that are sorted by the largest values first. */
const LARGEST_FIRST: ReadonlySet<PackageColumn> = new Set([
  'version',
  'targets',
  'builds',
  'size',
  'updated',
]);

let finder: WordFinder | undefined;

/** Indexes of matching packages, in order. A search without a chosen order has the best matches first. */
function orderPackages(index: PackageIndex, { text, sort, descending }: PackageView): number[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const wordFinder = (finder ??= new WordFinder(index));
  const ranks = words.map((word) => wordFinder.rankPackages(word));
  const places = [...index.names.keys()].filter(
    (place) => (index.builds[place] ?? 0) > 0 && ranks.every((rank) => (rank[place] ?? 0) > 0),
  );
  const rankOf = (place: number): number => ranks.reduce((sum, rank) => sum + (rank[place] ?? 0), 0);
  const valueOf = valueReader(index, sort);
  const sign = descending ? -1 : 1;
  if (sort === 'name' && words.length > 0 && !descending)
    return places.sort((left, right) => rankOf(left) - rankOf(right) || left - right);
  return places.sort((left, right) => sign * (valueOf(left) - valueOf(right)) || left - right);
}

function valueReader(index: PackageIndex, column: PackageColumn): (place: number) => number {
  if (column === 'builds') return (place) => index.builds[place] ?? 0;
  if (column === 'size') return (place) => index.sizes[place] ?? 0;
  if (column === 'updated') return (place) => index.updated[place] ?? 0;
  if (column === 'version') return (place) => index.packageVersions[place]?.length ?? 0;
  if (column === 'targets') return (place) => index.packageTargets[place]?.length ?? 0;
  return (place) => place;
}
