import { formatSize } from '../../lib/format.ts';
import type { Query } from '../../lib/search/search-query.ts';
import type { SearchEngine } from './engine.ts';
import { BUILD_STATES } from '../../schemas/search/layout.ts';
import type { SearchFiles } from './data.ts';

/** Variants shown of a build; those searched for come first. */
const MOST_VARIANTS = 7;
/** Variants that tell a reader little. */
const PLAIN_VARIANT = /^(build_system|build_type|generator)=/;

/** What rows are drawn with. */
export interface RowContext {
  list: HTMLElement;
  engine: SearchEngine;
  files: SearchFiles;
  base: string;
  query: Query;
  /** Variants that are selected. */
  variants: ReadonlySet<string>;
}

/** Shows rows, in place of those that are shown. Their links lead to the package until the hashes are there. */
export function showRows(rows: readonly number[], context: RowContext): void {
  const { list } = context;
  const template = document.querySelector<HTMLTemplateElement>('#search-row');
  if (!template) return;
  while (list.children.length > rows.length) list.lastElementChild?.remove();
  while (list.children.length < rows.length) list.append(document.importNode(template.content, true));
  const { query, variants, engine } = context;
  const asked = [query.words, query.variants.map(({ token }) => token), [...variants]].join(' ');
  for (const [index, row] of rows.entries()) {
    const element = list.children[index];
    const key = `${row} ${asked} ${Boolean(engine.fileSets)}`;
    if (!(element instanceof HTMLElement) || element.dataset['key'] === key) continue;
    element.dataset['key'] = key;
    fillRow(element, row, context);
  }
}

function fillRow(element: HTMLElement, row: number, context: RowContext): void {
  const { engine, base } = context;
  const { packages, builds } = engine;
  const at = (column: readonly number[]): number => column[row] ?? -1;
  const name = packages.names[at(builds.rows.package)] ?? '';
  const version = packages.versions[at(builds.rows.version)];
  const size = at(builds.rows.size);
  setText(element, 'name', name);
  setText(element, 'version', version === undefined ? '' : `@${version}`);
  setText(element, 'target', packages.targets[at(builds.rows.target)] ?? '');
  setText(element, 'system', builds.systems[at(builds.rows.system)]?.replace(' ', ', ') ?? '');
  setText(element, 'size', size > 0 ? formatSize(size) : 'failed');
  const detail = element.querySelector('[data-field=detail]');
  const parts = describeRow(row, context);
  if (detail && detail.textContent !== parts.map(({ textContent }) => textContent).join(''))
    detail.replaceChildren(...parts);
  const link = element.querySelector('a');
  if (link) link.href = `${base}/packages/${encodeURIComponent(name)}/`;
  setText(element, 'hash', '');
  void linkRow(element, name, row, context);
}

async function linkRow(element: HTMLElement, name: string, row: number, context: RowContext): Promise<void> {
  const key = element.dataset['key'];
  const hash = await context.files.hashOf(row).catch(() => undefined);
  const link = element.querySelector('a');
  if (element.dataset['key'] !== key || !link) return;
  if (hash === undefined) return;
  const failed = context.engine.builds.rows.state[row] === BUILD_STATES.indexOf('failed');
  link.href = `${context.base}/${failed ? 'failures' : 'builds'}/${encodeURIComponent(name)}/${encodeURIComponent(hash)}/`;
  if (!failed) setText(element, 'hash', `/${hash.slice(0, 7)}`);
}

function setText(element: HTMLElement, field: string, text: string): void {
  const target = element.querySelector(`[data-field=${field}]`);
  if (target && target.textContent !== text) target.textContent = text;
}

/** The variants, the compilers and the file that was searched for, as parts in Spack's colours. */
function describeRow(row: number, { engine, query, variants: selected }: RowContext): HTMLElement[] {
  const { builds, fileSets, words } = engine;
  const asked = new Set([...query.variants.map(({ token }) => token), ...selected]);
  const tokens = (builds.variantSets[builds.rows.variantSet[row] ?? -1] ?? []).map(
    (place) => builds.variants[place] ?? '',
  );
  const variants = joinValues(tokens, asked);
  const compilers = (builds.compilerSets[builds.rows.compilerSet[row] ?? -1] ?? []).map(
    (place) => builds.compilers[place] ?? '',
  );
  const set = fileSets?.[row];
  const files = query.words.flatMap((word) =>
    set === undefined || engine.packages.names[builds.rows.package[row] ?? -1]?.includes(word)
      ? []
      : (words.findFile(word, set) ?? []),
  );
  return [
    ...files.slice(0, 1).map((file) => makePart('ships', `ships ${file}`)),
    ...variants.slice(0, MOST_VARIANTS).map((token) => makePart(kindOf(token), token)),
    ...(variants.length > MOST_VARIANTS ? [makePart('muted', '…')] : []),
    ...compilers.map((compiler) => makePart('compiler', `%${compiler}`)),
  ];
}

/** Variants as one reads them: those asked for first, then booleans; several values of one as `libs=shared,static`. */
function joinValues(tokens: readonly string[], asked: ReadonlySet<string>): string[] {
  const [first, rest] = [
    tokens.filter((token) => asked.has(token)),
    tokens.filter((token) => !asked.has(token)),
  ];
  const booleans = rest.filter((token) => kindOf(token) !== 'value');
  const values = Map.groupBy(
    rest.filter((token) => kindOf(token) === 'value' && !PLAIN_VARIANT.test(token)),
    (token) => token.slice(0, token.indexOf('=')),
  );
  const joined = [...values].map(
    ([name, list]) => `${name}=${list.map((token) => token.slice(name.length + 1)).join()}`,
  );
  return [...first, ...booleans, ...joined];
}

function kindOf(token: string): string {
  return token.startsWith('+') ? 'on' : token.startsWith('~') ? 'off' : 'value';
}

function makePart(kind: string, text: string): HTMLElement {
  const part = document.createElement('bdi');
  part.className = kind;
  part.textContent = text;
  return part;
}
