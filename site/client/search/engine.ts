import type { BuildIndex } from '../../schemas/search/build-index.ts';
import type { FileIndex } from '../../schemas/search/file-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import type { WordIndex } from '../../schemas/search/word-index.ts';
import {
  type Facet,
  type FacetName,
  type Selection,
  countWords,
  listFacets,
  markKeys,
} from './facets-index.ts';
import type { Machine } from '../../lib/machine/machine.ts';
import { type Fit, type FitKind, judgeFit } from '../../lib/machine/needs.ts';
import { runnableTargets } from '../../lib/spack/targets.ts';
import type { Query } from '../../lib/search/search-query.ts';
import { systemFits } from './system-fits.ts';
import { fileChecker, findCandidates } from './candidates.ts';
import { readMeaning, type Meaning, type Vocabulary } from './meaning.ts';
import { markQuery, type Filter } from './query-filters.ts';
import { RANK } from './ranks.ts';
import { WordFinder } from './words.ts';
import { needsKey, rowNeeds } from '../machine/row-needs.ts';

/** Data of the search, prepared once. */
export interface SearchEngine extends Vocabulary {
  facets: Map<FacetName, Facet>;
  /** Set of files of each row, once the files are loaded. */
  fileSets?: Int32Array;
  /** Whether whole descriptions are searched. */
  hasWords?: boolean;
  /** Fits of the reader's machine to all rows, once the machine is known. */
  fits?: RowFits | undefined;
}

/** Result of a search. */
export interface SearchResult {
  /** The best first. */
  rows: number[];
  /** Indexes of the packages of these rows, the best first. */
  packages: number[];
  /** Number of rows that each word of a facet would leave. */
  counts: Map<FacetName, Uint32Array>;
  /** The interpreted search. */
  meaning: Meaning;
  /** Words that were left out because no result has them together with the others. */
  ignored: string[];
  /** Whether no package's name has these words, so that whole descriptions are worth loading. */
  isWeak: boolean;
  /** Judges rows by the system in the search. Undefined: the search has no system, or several. */
  systemFit: ((row: number) => Fit | undefined) | undefined;
}

/** Prepares a search engine from the two indexes that every search needs. */
export function createSearchEngine(packages: PackageIndex, builds: BuildIndex): SearchEngine {
  const firstRows = new Uint32Array(packages.names.length + 1);
  for (const place of builds.rows.package) firstRows[place + 1] = (firstRows[place + 1] ?? 0) + 1;
  for (let place = 0; place < packages.names.length; place += 1)
    firstRows[place + 1] = (firstRows[place + 1] ?? 0) + (firstRows[place] ?? 0);
  return {
    packages,
    builds,
    facets: listFacets(packages, builds),
    words: new WordFinder(packages),
    firstRows,
    places: new Map(packages.names.map((name, place) => [name.toLowerCase(), place])),
  };
}

/** Sets or clears the reader's machine, by which searches judge rows. */
export function setMachine(engine: SearchEngine, machine: Machine | undefined): void {
  engine.fits = machine && judgeRows(machine, engine.packages, engine.builds);
  if (engine.fits) engine.facets.set('runs', engine.fits.facet);
  else engine.facets.delete('runs');
}

/** Adds the index of programs and libraries, so that searches find these. */
export function addFileIndex(engine: SearchEngine, files: FileIndex): void {
  engine.words.addFileIndex(files, engine.builds.rows.package);
  engine.fileSets = Int32Array.from(files.rows);
}

/** Adds the index of whole descriptions, so that searches find all their words. */
export function addWordIndex(engine: SearchEngine, words: WordIndex): void {
  engine.words.addWordIndex(words);
  engine.hasWords = true;
}

/**
 * Finds the rows that match a query and the words selected in facets.
 * `hashes` are the hashes of all rows, needed only for a query with a hash.
 */
export function search(
  engine: SearchEngine,
  text: Query,
  selection: Selection,
  hashes?: readonly string[],
): SearchResult {
  let query = readMeaning(text, engine);
  const { hashWord } = query;
  if (
    hashWord !== undefined &&
    !isWordOf(engine, hashWord) &&
    hashes?.some((hash) => hash.startsWith(hashWord))
  )
    query = { ...query, words: query.words.filter((word) => word !== hashWord), hash: hashWord };
  const filters = markQuery(query, engine);
  const shown = withoutFailures(query, selection);
  const tallies = [...engine.facets.values()].map((facet) => makeTally(facet, shown.get(facet.name)));
  const active = tallies.filter(({ fits }) => fits);
  const systemFit = systemFits(query, engine.packages, engine.builds);
  const { candidates, words, ignored, isWeak } = findCandidates(engine, query);
  query = { ...query, words };
  const result: SearchResult = {
    rows: [],
    packages: [],
    counts: new Map(),
    meaning: query,
    ignored,
    isWeak,
    systemFit,
  };
  const checkFiles = fileChecker(engine, query);
  for (const { place, isCertain } of candidates) {
    const earlier = result.rows.length;
    const end = engine.firstRows[place + 1] ?? 0;
    for (let row = engine.firstRows[place] ?? 0; row < end; row += 1) {
      if (!isCertain && !checkFiles(place, row)) continue;
      if (query.hash !== undefined && !hashes?.[row]?.startsWith(query.hash)) continue;
      if (!fitsAll(filters, row)) continue;
      const fits = countRow(tallies, active, row);
      if (fits) result.rows.push(row);
    }
    if (result.rows.length > earlier) result.packages.push(place);
    sortRows(earlier, result, engine);
  }
  for (const { facet, counts } of tallies) result.counts.set(facet.name, countWords(facet, counts));
  return result;
}

/**
 * Whether a name, a file or a description has a word. Among thousands of hashes, one may begin with `test`.
 */
function isWordOf({ words }: SearchEngine, word: string): boolean {
  return (
    words.isKnown(word) || words.rankPackages(word).some((rank) => rank > 0 && rank <= RANK.saidFurtherOn)
  );
}

/** Excludes failures, which are not builds, unless the search asks for them. */
function withoutFailures({ failed }: Meaning, selection: Selection): Selection {
  if (selection.get('state')?.size) return selection;
  return new Map([...selection, ['state', new Set(failed ? ['failed'] : ['site', 'registry'])]]);
}

/**
 * Sorts the rows from an index on: first those that Spack chooses on the requested system or on the reader's
 * machine, and builds for exactly the target before others that it can run; otherwise the order stays.
 */
function sortRows(from: number, { rows, meaning, systemFit }: SearchResult, engine: SearchEngine): void {
  const { target, os } = meaning;
  if ((target === undefined && os === undefined && !engine.fits) || rows.length - from < 2) return;
  const { packages, builds } = engine;
  const targets = target?.split(',').flatMap(runnableTargets) ?? [];
  const fitOf = systemFit ?? engine.fits?.fitOf;
  const rank = (row: number): number => {
    const near = targets.indexOf(packages.targets[builds.rows.target[row] ?? -1] ?? '');
    const system = builds.systems[builds.rows.system[row] ?? -1]?.split(' ')[1];
    const fit = fitOf?.(row)?.kind ?? 'yes';
    return (
      FIT_ORDER.indexOf(fit) * 1000 + (near < 0 ? 50 : near) * 10 + Number(os !== undefined && system !== os)
    );
  };
  const sorted = rows.slice(from).sort((left, right) => rank(left) - rank(right) || left - right);
  for (const [index, row] of sorted.entries()) rows[from + index] = row;
}

const FIT_ORDER: readonly FitKind[] = ['yes', 'by hash', 'unknown', 'no'];

/** Counts of one facet. */
interface Tally {
  facet: Facet;
  /** 1 for keys that match the selection. Undefined: nothing is selected. */
  fits: Uint8Array | undefined;
  counts: Uint32Array;
}

function makeTally(facet: Facet, selected: ReadonlySet<string> | undefined): Tally {
  return {
    facet,
    fits: selected?.size ? markKeys(facet, selected) : undefined,
    counts: new Uint32Array(facet.wordsOfKey.length),
  };
}

/**
 * Counts a row in each facet that it would appear in, and returns whether it matches all of them. Each facet
 * counts the rows that the other facets leave, so that readers see the effect of another choice in it.
 */
function countRow(tallies: readonly Tally[], active: readonly Tally[], row: number): boolean {
  let failing: Tally | undefined;
  for (const tally of active) {
    if (tally.fits?.[tally.facet.keys[row] ?? 0] !== 0) continue;
    if (failing) return false;
    failing = tally;
  }
  if (failing) {
    if (!failing.facet.all) addRow(failing, row);
    return false;
  }
  for (const tally of tallies) addRow(tally, row);
  return true;
}

function addRow({ facet, counts }: Tally, row: number): void {
  const key = facet.keys[row] ?? 0;
  counts[key] = (counts[key] ?? 0) + 1;
}

/** Number of builds in a cache, without failures. */
export function countBuilds({ packages }: SearchEngine): number {
  return packages.builds.reduce((sum, count) => sum + count, 0);
}

/** Number of failures among these rows. A failure has no size. */
export function countFailures({ builds }: SearchEngine, rows: readonly number[]): number {
  return rows.filter((row) => !builds.rows.size[row]).length;
}

function fitsAll(filters: readonly Filter[], row: number): boolean {
  for (const { keys, fits } of filters) if (!fits[keys[row] ?? 0]) return false;
  return true;
}

/** Fits of a machine to the rows of the search index. */
export interface RowFits {
  machine: Machine;
  kindOf(row: number): FitKind;
  fitOf(row: number): Fit | undefined;
  /** Facet of rows by whether they run. */
  facet: Facet;
}

/** Words of the facet, and the words that each kind of fit belongs to. */
const WORDS = ['here', 'chosen', 'unknown'] as const;
const WORDS_OF_KIND: Record<FitKind, readonly number[]> = {
  yes: [0, 1],
  'by hash': [0],
  unknown: [2],
  no: [],
};
const KINDS: readonly FitKind[] = ['yes', 'by hash', 'unknown', 'no'];

/** Judges all rows. Rows with the same needs are judged once. */
function judgeRows(machine: Machine, packages: PackageIndex, builds: BuildIndex): RowFits {
  const fits = new Map<number, Fit>();
  const keys = Int32Array.from(builds.rows.package, (_, row) => {
    const needs = rowNeeds(row, packages, builds);
    if (!needs) return 0;
    const key = needsKey(row, builds);
    const fit = fits.get(key) ?? judgeFit(machine, needs);
    fits.set(key, fit);
    return KINDS.indexOf(fit.kind) + 1;
  });
  return {
    machine,
    kindOf: (row) => KINDS[(keys[row] ?? 0) - 1] ?? 'no',
    fitOf: (row) => fits.get(needsKey(row, builds)),
    facet: {
      name: 'runs',
      words: WORDS,
      keys,
      wordsOfKey: [[], ...KINDS.map((kind) => WORDS_OF_KIND[kind])],
      all: false,
    },
  };
}
