import { formatCount, formatDate, formatSize } from '../lib/format.ts';
import type { PackageList, PackageSummary } from '../schemas/api/package-list.ts';

/** Rows shown of a search; a reader refines it rather than scroll further. */
const MOST_ROWS = 100;

/** Makes the list's search box filter all packages while one types. The state is in the address: `?q=hdf5`. */
export function offerFilter(): void {
  const input = document.querySelector<HTMLInputElement>('input[data-packages]');
  if (!input) return;
  input.value = new URLSearchParams(location.search).get('q') ?? '';
  input.form?.addEventListener('submit', (event) => event.preventDefault());
  input.addEventListener('input', () => void filter(input));
  if (input.value) void filter(input);
}

/** What the list showed before the first search. */
let wholeList: Node[] | undefined;
let packages: Promise<PackageSummary[]> | undefined;

async function filter(input: HTMLInputElement): Promise<void> {
  const list = document.querySelector('#packages');
  const template = document.querySelector<HTMLTemplateElement>('#package-row');
  if (!list || !template) return;
  wholeList ??= [...list.childNodes];
  packages ??= readPackages(input.dataset['packages'] ?? '');
  const all = await packages.catch(() => undefined);
  const query = input.value.trim();
  history.replaceState(null, '', query ? `?q=${encodeURIComponent(query)}` : location.pathname);
  document.querySelector('#pages')?.toggleAttribute('hidden', query !== '');
  if (!query) {
    list.replaceChildren(...wholeList);
    report('');
    return;
  }
  if (!all) {
    packages = undefined;
    report('The list of packages could not be loaded; try again.');
    return;
  }
  const found = search(all, query.toLowerCase());
  list.replaceChildren(
    ...found.slice(0, MOST_ROWS).map((entry) => fillRow(template, entry, input.dataset['page'] ?? '')),
  );
  const rest = found.length > MOST_ROWS ? `, the first ${MOST_ROWS} shown` : '';
  report(`${formatCount(found.length)} of ${formatCount(all.length)} packages${rest}`);
}

async function readPackages(address: string): Promise<PackageSummary[]> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  // The site's own file, checked against its schema by the tests.
  const list: PackageList = await response.json();
  return list.packages;
}

/** Packages with every word of the query in name or description; names that begin with it first. */
function search(all: PackageSummary[], query: string): PackageSummary[] {
  const words = query.split(/\s+/);
  const rank = ({ name }: PackageSummary): number =>
    name === query ? 0 : name.startsWith(query) ? 1 : name.includes(query) ? 2 : 3;
  return all
    .filter(({ name, description = '' }) => {
      const text = `${name} ${description}`.toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort((left, right) => rank(left) - rank(right));
}

function fillRow(template: HTMLTemplateElement, entry: PackageSummary, page: string): Node {
  const row = document.importNode(template.content, true);
  const texts: Record<string, string> = {
    name: entry.name,
    description: entry.description ?? '',
    version: entry.versions[0] ?? '',
    targets: entry.targets.join(', '),
    builds: formatCount(entry.builds),
    size: formatSize(entry.size),
    updated: formatDate(entry.updated),
  };
  for (const element of row.querySelectorAll<HTMLElement>('[data-field]')) {
    element.textContent = texts[element.dataset['field'] ?? ''] ?? '';
    if (element instanceof HTMLAnchorElement)
      element.href = page.replace('NAME', encodeURIComponent(entry.name));
  }
  return row;
}

function report(text: string): void {
  const status = document.querySelector('.found');
  if (status) status.textContent = text;
}
