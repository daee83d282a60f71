import type { BuildIndex } from '../../schemas/search/build-index.ts';
import type { FileIndex } from '../../schemas/search/file-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import { countWords, listFacets, markKeys } from './facets-index.ts';
import type { Facet, FacetName, Selection } from './facets-index.ts';
import type { Query } from '../../lib/search/search-query.ts';
import { createWordFinder } from './words.ts';
import type { WordFinder } from './words.ts';
import { markVersions } from './version-places.ts';

/** What search works on, prepared once. */
export interface SearchEngine {
  packages: PackageIndex;
  builds: BuildIndex;
  facets: Map<FacetName, Facet>;
  words: WordFinder;
  /** The first row of each package, and the number of rows at the end. */
  firstRows: Uint32Array;
  /** The set of files of each row, once the files are there. */
  fileSets?: Int32Array;
}

/** What a search found. */
export interface SearchResult {
  /** The best first. */
  rows: number[];
  /** Places of the packages that rows are of, the best first. */
  packages: number[];
  /** How many rows each word of a facet would leave. */
  counts: Map<FacetName, Uint32Array>;
}

/** What a row that no name leads to ranks: a file of it has the name. */
const FILE_RANK = 8;

export function createSearchEngine(packages: PackageIndex, builds: BuildIndex): SearchEngine {
  const firstRows = new Uint32Array(packages.names.length + 1);
  for (const place of builds.rows.package) firstRows[place + 1] = (firstRows[place + 1] ?? 0) + 1;
  for (let place = 0; place < packages.names.length; place += 1)
    firstRows[place + 1] = (firstRows[place + 1] ?? 0) + (firstRows[place] ?? 0);
  return {
    packages,
    builds,
    facets: listFacets(packages, builds),
    words: createWordFinder(packages),
    firstRows,
  };
}

/** Lets searches find programs and libraries from now on. */
export function addFiles(engine: SearchEngine, files: FileIndex): void {
  engine.words.addFiles(files);
  engine.fileSets = Int32Array.from(files.rows);
}

/**
 * Finds the rows that fit a query and the words selected in facets.
 * `hashes` are those of all rows, needed only for a query that names one.
 */
export function search(
  engine: SearchEngine,
  query: Query,
  selection: Selection,
  hashes?: readonly string[],
): SearchResult {
  const filters = markQuery(query, engine);
  const tallies = [...engine.facets.values()].map((facet) => makeTally(facet, selection.get(facet.name)));
  const active = tallies.filter(({ fits }) => fits);
  const result: SearchResult = { rows: [], packages: [], counts: new Map() };
  const checkFiles = fileChecker(engine, query);
  for (const { place, certain } of rankPackages(engine, query)) {
    const found = result.rows.length;
    const end = engine.firstRows[place + 1] ?? 0;
    for (let row = engine.firstRows[place] ?? 0; row < end; row += 1) {
      if (!certain && !checkFiles(place, row)) continue;
      if (query.hash !== undefined && !hashes?.[row]?.startsWith(query.hash)) continue;
      if (!fitsAll(filters, row)) continue;
      const fits = countRow(tallies, active, row);
      if (fits) result.rows.push(row);
    }
    if (result.rows.length > found) result.packages.push(place);
  }
  for (const { facet, counts } of tallies) result.counts.set(facet.name, countWords(facet, counts));
  return result;
}

/** The counting of one facet. */
interface Tally {
  facet: Facet;
  /** 1 for the keys that fit what is selected; undefined when nothing is. */
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
 * Counts a row in each facet that it would show in, and tells whether it fits them all. A facet counts what the
 * others leave, so that one sees what another choice in it would bring.
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

function fitsAll(filters: readonly Filter[], row: number): boolean {
  for (const { keys, fits } of filters) if (!fits[keys[row] ?? 0]) return false;
  return true;
}

/** A package that some rows of may fit, and whether its name alone says so. */
interface Candidate {
  place: number;
  rank: number;
  certain: boolean;
}

/** Packages by how well the words fit them; those of equal rank by name. */
function rankPackages(engine: SearchEngine, { words }: Query): Candidate[] {
  const ranks = words.map((word) => engine.words.rankPackages(word));
  const withFiles = words.some((word) => engine.words.markFiles(word));
  const candidates: Candidate[] = [];
  for (let place = 0; place < engine.packages.names.length; place += 1) {
    let [sum, certain] = [0, true];
    for (const rank of ranks) {
      const value = rank[place] ?? 0;
      if (value === 0) certain = false;
      sum += value || FILE_RANK;
    }
    if (certain || withFiles) candidates.push({ place, rank: sum, certain });
  }
  return words.length === 0 ? candidates : candidates.sort((left, right) => left.rank - right.rank);
}

/** Checks a row whose package does not have every word in its name: its files must have the others. */
function fileChecker(engine: SearchEngine, { words }: Query): (place: number, row: number) => boolean {
  const checks = words.map((word) => ({
    ranks: engine.words.rankPackages(word),
    marks: engine.words.markFiles(word),
  }));
  return (place, row) => {
    const set = engine.fileSets?.[row] ?? 0;
    return checks.every(({ ranks, marks }) => Boolean(ranks[place]) || Boolean(marks?.[set]));
  };
}

/** What a row's key must be. */
export interface Filter {
  keys: Int32Array;
  /** 1 for the keys that fit. */
  fits: Uint8Array;
}

/** Turns the parts of a query that are no words into filters of rows. */
export function markQuery(query: Query, { facets }: Pick<SearchEngine, 'facets'>): Filter[] {
  const filters: Filter[] = [];
  function demand(name: FacetName, fitsWord: (word: string, place: number) => boolean): void {
    const facet = facets.get(name);
    if (facet) filters.push({ keys: facet.keys, fits: markFitting(facet, fitsWord) });
  }
  const { version, target, os, platform } = query;
  if (version !== undefined) {
    const marks = markVersions(facets.get('version')?.words ?? [], version);
    demand('version', (_, place) => marks[place] === 1);
  }
  if (target !== undefined) {
    const targets = target.split(',');
    demand('target', (word) => targets.includes(word));
  }
  if (os !== undefined || platform !== undefined) {
    const systems = os?.split(',');
    demand('os', (word) => {
      const [rowPlatform = '', ...rest] = word.split(' ');
      return (platform ?? rowPlatform) === rowPlatform && (systems?.includes(rest.join(' ')) ?? true);
    });
  }
  for (const compiler of query.compilers) {
    const [name = '', range = ''] = compiler.split('@');
    const words = facets.get('compiler')?.words ?? [];
    const own = words
      .filter((word) => word.startsWith(`${name}@`))
      .map((word) => word.slice(name.length + 1));
    const fitting = new Set(range ? own.filter((text) => markVersions([text], range)[0] === 1) : own);
    demand('compiler', (word) => word.startsWith(`${name}@`) && fitting.has(word.slice(name.length + 1)));
  }
  for (const { token } of query.variants) demand('variant', (word) => word === token);
  return filters;
}

function markFitting(facet: Facet, fitsWord: (word: string, place: number) => boolean): Uint8Array {
  const words = Uint8Array.from(facet.words, (word, place) => Number(fitsWord(word, place)));
  return Uint8Array.from(facet.wordsOfKey, (places) => Number(places.some((place) => words[place] === 1)));
}
