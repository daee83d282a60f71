import { shortHash, formatMonth, formatNumber, formatSize } from '../../lib/format.ts';
import { fitText } from '../../lib/machine/needs.ts';
import type { SearchEngine, SearchResult } from './engine.ts';
import { BUILD_STATES } from '../../schemas/search/layout.ts';
import { SEARCH_FILES } from './data.ts';
import { PLAIN_VARIANT } from './facets.ts';
import { makeCopyButton } from '../copy.ts';
import { makeButton, makeElement, makeLink, makeText, type Child } from '../element.ts';
import { BASE, buildPage, packagePage } from '../site.ts';

/** Maximum number of a build's variants shown. Those in the search come first. */
const MOST_VARIANTS = 7;
/** Builds of a package shown immediately, more than a screenful, and after the first drawing. */
const [FIRST_BUILDS, MOST_BUILDS] = [20, 60];
/** Pause in typing before the rest is shown, in milliseconds. */
const PAUSE_MS = 500;
const REGISTRY = BUILD_STATES.indexOf('registry');
const FAILED = BUILD_STATES.indexOf('failed');

/** Data for drawing results. */
export interface RowContext {
  list: HTMLElement;
  engine: SearchEngine;
  result: SearchResult;
  /** Variants that are selected. */
  variants: ReadonlySet<string>;
}

/** Shows packages with their results instead of the current ones. The first `open` packages are open. */
export function showPackages(places: readonly number[], open: number, context: RowContext): void {
  const { list, result, engine, variants } = context;
  const rows = Map.groupBy(result.rows, (row) => engine.builds.rows.package[row] ?? -1);
  const state = JSON.stringify([
    result.meaning,
    [...variants],
    Boolean(engine.fileSets),
    engine.fits?.machine,
  ]);
  const oldItems = new Map(
    [...list.children].map((item) => [item instanceof HTMLElement ? item.dataset['key'] : '', item]),
  );
  const items = places.map((place, index) => {
    const own = rows.get(place) ?? [];
    const key = `${place} ${own.length} ${own[0]} ${state} ${index < open}`;
    return oldItems.get(key) ?? makePackage(place, own, index < open, key, context);
  });
  list.replaceChildren(...items);
}

function makePackage(
  place: number,
  rows: readonly number[],
  open: boolean,
  key: string,
  context: RowContext,
): HTMLElement {
  const { packages } = context.engine;
  const name = packages.names[place] ?? '';
  const built = packages.builds[place] ?? 0;
  const link = makeLink(built > 0 ? packagePage(name) : `${BASE}/failures/`, name, 'spec name');
  const summary = makeElement(
    'summary',
    '',
    makeText(packages.descriptions[place] ?? '', 'about'),
    ' ',
    makeElement('span', 'count', describeRows(rows, context)),
  );
  const details = makeElement('details', '', summary);
  const fill = (): void => {
    if (details.open && details.children.length === 1) details.append(makeBuilds(name, rows, context));
  };
  details.open = open;
  fill();
  details.addEventListener('toggle', fill);
  // Outside the summary, which is a button and may not contain links.
  const item = makeElement('li', '', makeElement('h2', '', link), details);
  item.dataset['key'] = key;
  return item;
}

/** `@1.14.6 · 12 builds · 5 run on your machine`. */
function describeRows(rows: readonly number[], { engine }: RowContext): string {
  const { builds, packages, fits } = engine;
  const built = rows.filter((row) => builds.rows.state[row] !== FAILED);
  const newest = packages.versions[builds.rows.version[rows[0] ?? -1] ?? -1];
  const running = built.filter((row) => ['yes', 'by hash'].includes(fits?.kindOf(row) ?? ''));
  return [
    newest === undefined ? '' : `@${newest}`,
    built.length > 0 ? formatNumber(built.length, 'build') : '',
    rows.length > built.length ? `${rows.length - built.length} failed` : '',
    fits && built.length > 0 ? `${running.length} run on your machine` : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

function makeBuilds(name: string, rows: readonly number[], context: RowContext): HTMLElement {
  const all = { rows: rows.length, counts: countVariants(rows, context) };
  const list = makeElement('ul', 'found-builds');
  let shown = 0;
  const showUpTo = (most: number): void => {
    list.append(...rows.slice(shown, most).map((row) => makeBuild(name, row, all, context)));
    shown = Math.max(shown, most);
  };
  showUpTo(FIRST_BUILDS);
  // The rest is below the window. The browser's own search must find it, but nobody sees it appear.
  if (rows.length > shown) setTimeout(() => list.isConnected && showUpTo(MOST_BUILDS), PAUSE_MS);
  if (rows.length <= MOST_BUILDS) return list;
  const more = makeButton('quiet', `Show all ${formatNumber(rows.length, 'build')}`, () => {
    showUpTo(rows.length);
    more.remove();
  });
  return makeElement('div', '', list, more);
}

function makeBuild(name: string, row: number, all: RowVariants, context: RowContext): HTMLElement {
  const { engine, result } = context;
  const { packages, builds } = engine;
  const at = (column: readonly number[]): number => column[row] ?? -1;
  const version = packages.versions[at(builds.rows.version)];
  const failed = at(builds.rows.state) === FAILED;
  const hash = makeElement('span', 'hash');
  const link = makeElement(
    'a',
    { class: 'spec build', href: packagePage(name) },
    makeText(version === undefined ? name : `@${version}`, 'version'),
    ' ',
    hash,
  );
  const size = at(builds.rows.size);
  const compilers = (builds.compilerSets[at(builds.rows.compilerSet)] ?? []).map(
    (place) => builds.compilers[place] ?? '',
  );
  // Installing it also needs the registry as a mirror.
  const isBeyondSite = at(builds.rows.state) === REGISTRY;
  const facts = [
    packages.targets[at(builds.rows.target)],
    builds.systems[at(builds.rows.system)]?.split(' ')[1],
    ...compilers,
    failed ? undefined : formatSize(size),
    isBeyondSite ? makeLink(`${BASE}/use/`, 'in the registry only') : undefined,
    builds.freshness[at(builds.rows.freshness)] === 'older'
      ? `older than recipes ${builds.recipes}`
      : undefined,
    formatMonth(builds.months[at(builds.rows.month)] ?? ''),
  ].filter((fact) => fact !== undefined);
  const item = makeElement(
    'li',
    failed ? 'failed' : '',
    makeElement(
      'div',
      '',
      link,
      failed && [' ', makeElement('span', 'badge warning', 'failed')],
      makeMark(row, context),
    ),
    makeElement(
      'div',
      'facts-line',
      facts.map((fact) => (typeof fact === 'string' ? makeText(fact) : fact)),
    ),
    makeElement('div', 'spec detail', describeVariants(row, all, context)),
  );
  void linkRow(link, hash, name, row, failed).then((whole) => {
    // Do not offer builds that do not run.
    if (whole === undefined || failed || (result.systemFit?.(row) ?? engine.fits?.fitOf(row))?.kind === 'no')
      return;
    const install = `spack install --use-buildcache only /${whole}`;
    const add = isBeyondSite ? (context.list.dataset['addRegistry'] ?? '') : '';
    hash
      .closest('div')
      ?.append(' ', makeCopyButton('Copy install command', add === '' ? install : `${add}\n${install}`));
  });
  return item;
}

/** Marks whether the requested system, or else the reader's machine, can run a build, with the reason. */
function makeMark(row: number, { engine, result }: RowContext): Child {
  const { fits, packages, builds } = engine;
  const { target, os } = result.meaning;
  const requested = result.systemFit?.(row);
  const fit = requested ?? fits?.fitOf(row);
  const isOther =
    target !== undefined &&
    !target.includes(',') &&
    packages.targets[builds.rows.target[row] ?? -1] !== target;
  if (!builds.rows.size[row] || (!fit && !isOther)) return undefined;
  const isPlain = fit === undefined || (fit === requested && fit.kind === 'yes');
  const text = isPlain ? `runs on ${[target, os].filter(Boolean).join(', ')}` : fitText(fit);
  return [' ', makeElement('span', `mark ${(fit?.kind ?? 'yes').replace(' ', '-')}`, makeText(text))];
}

async function linkRow(
  link: HTMLAnchorElement,
  label: HTMLElement,
  name: string,
  row: number,
  failed: boolean,
): Promise<string | undefined> {
  const hash = await SEARCH_FILES.hashOf(row).catch(() => undefined);
  if (hash === undefined) return undefined;
  const key = encodeURIComponent(hash);
  link.href = failed
    ? `${BASE}/failures/${encodeURIComponent(name)}/${key}/`
    : buildPage({ name, hash: key });
  if (!failed) label.textContent = `/${shortHash(hash)}`;
  return hash;
}

/** Number of rows with each variant. */
function countVariants(rows: readonly number[], { engine }: RowContext): Map<string, number> {
  const { builds } = engine;
  const counts = new Map<string, number>();
  for (const [set, members] of Map.groupBy(rows, (row) => builds.rows.variantSet[row] ?? -1))
    for (const place of builds.variantSets[set] ?? []) {
      const token = builds.variants[place] ?? '';
      counts.set(token, (counts.get(token) ?? 0) + members.length);
    }
  return counts;
}

/**
 * Frequencies of variants in a package's rows. Variants of all rows are uninformative,
 * rare ones most informative.
 */
interface RowVariants {
  rows: number;
  counts: ReadonlyMap<string, number>;
}

/**
 * Variants that differ, first the requested ones, then the rarest, and the file that
 * matched, in Spack's colours.
 */
function describeVariants(row: number, { rows, counts }: RowVariants, context: RowContext): Child[] {
  const { engine, result, variants: selected } = context;
  const { builds, fileSets, words } = engine;
  const requested = new Set([...result.meaning.variants.map(({ token }) => token), ...selected]);
  const tokens = (builds.variantSets[builds.rows.variantSet[row] ?? -1] ?? [])
    .map((place) => builds.variants[place] ?? '')
    .filter((token) => requested.has(token) || rows < 2 || (counts.get(token) ?? 0) < rows)
    .sort((left, right) => (counts.get(left) ?? 0) - (counts.get(right) ?? 0));
  const variants = joinValues(tokens, requested);
  const set = fileSets?.[row];
  const files = result.meaning.words.flatMap((word) =>
    set === undefined || engine.packages.names[builds.rows.package[row] ?? -1]?.includes(word)
      ? []
      : (words.findFile(word, set) ?? []),
  );
  return [
    files.slice(0, 1).map((file) => makeText(`ships ${file}`, 'ships')),
    variants.slice(0, MOST_VARIANTS).map((token) => makeText(token, kindOf(token))),
    variants.length > MOST_VARIANTS && makeText(`and ${variants.length - MOST_VARIANTS} more`, 'muted'),
  ];
}

/**
 * Variants in reading order: first the requested ones, then booleans. Several values
 * are joined: `libs=shared,static`.
 */
function joinValues(tokens: readonly string[], requested: ReadonlySet<string>): string[] {
  const [first, rest] = [
    tokens.filter((token) => requested.has(token)),
    tokens.filter((token) => !requested.has(token)),
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
