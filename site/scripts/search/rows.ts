import { formatSize } from '../../lib/format.ts';
import { parseQuery } from '../../lib/search-query.ts';
import type { SearchEngine } from '../../lib/search-engine.ts';
import type { SearchFiles } from './data.ts';

/** Variants shown of a build; those searched for come first. */
const MOST_VARIANTS = 10;
/** Variants that tell a reader little. */
const PLAIN_VARIANT = /^(build_system|build_type|generator)=/;

/** What rows are drawn with. */
export interface RowContext {
  list: HTMLElement;
  engine: SearchEngine;
  files: SearchFiles;
  base: string;
  text: string;
}

/** Shows rows, in place of those that are shown. Their links lead to the package until the hashes are there. */
export function showRows(rows: readonly number[], context: RowContext): void {
  const { list } = context;
  const template = document.querySelector<HTMLTemplateElement>('#search-row');
  if (!template) return;
  while (list.children.length > rows.length) list.lastElementChild?.remove();
  while (list.children.length < rows.length) list.append(document.importNode(template.content, true));
  for (const [index, row] of rows.entries()) {
    const element = list.children[index];
    const key = `${row} ${context.text} ${Boolean(context.engine.fileSets)}`;
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
  element.querySelector('[data-field=detail]')?.replaceChildren(...describeRow(row, context));
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
  if (context.engine.builds.rows.state[row] === 2) {
    link.href = `${context.base}/failures/#${encodeURIComponent(name)}`;
  } else if (hash) {
    link.href = `${context.base}/builds/${encodeURIComponent(name)}/${hash}/`;
    setText(element, 'hash', `/${hash.slice(0, 7)}`);
  }
}

function setText(element: HTMLElement, field: string, text: string): void {
  const target = element.querySelector(`[data-field=${field}]`);
  if (target && target.textContent !== text) target.textContent = text;
}

/** The variants, the compilers and the file that was searched for, as parts in Spack's colours. */
function describeRow(row: number, { engine, text }: RowContext): HTMLElement[] {
  const { builds, fileSets, words } = engine;
  const query = parseQuery(text);
  const asked = new Set(query.variants.map(({ token }) => token));
  const variants = (builds.variantSets[builds.rows.variantSet[row] ?? -1] ?? [])
    .map((place) => builds.variants[place] ?? '')
    .filter((token) => asked.has(token) || !PLAIN_VARIANT.test(token))
    .sort((left, right) => Number(asked.has(right)) - Number(asked.has(left)));
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

function kindOf(token: string): string {
  return token.startsWith('+') ? 'on' : token.startsWith('~') ? 'off' : 'value';
}

function makePart(kind: string, text: string): HTMLElement {
  const part = document.createElement('bdi');
  part.className = kind;
  part.textContent = text;
  return part;
}
