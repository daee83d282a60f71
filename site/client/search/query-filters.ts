import type { BuildIndex } from '../../schemas/search/build-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import type { BuildNeeds } from '../../lib/machine/needs.ts';
import type { Query } from '../../lib/search/search-query.ts';
import { runnableTargets } from '../../lib/spack/targets.ts';
import { rowNeeds } from '../machine/row-needs.ts';
import { judgeOnSystem } from './system-fits.ts';
import type { Facet, FacetName } from './facets-index.ts';
import { oldCompilerName } from '../../lib/spack/compiler-names.ts';
import { parseVersionRanges } from '../../lib/spack/version-ranges.ts';

/** Data for filters. */
interface FilteredRows {
  packages: PackageIndex;
  builds: BuildIndex;
  facets: ReadonlyMap<FacetName, Facet>;
}

/** A condition on the keys of rows. */
export interface Filter {
  keys: Int32Array;
  /** 1 for matching keys. */
  fits: Uint8Array;
}

/** Turns the parts of a query other than words into filters of rows. */
export function markQuery(query: Query, engine: FilteredRows): Filter[] {
  const { facets } = engine;
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
    const targets = new Set(target.split(',').flatMap(runnableTargets));
    demand('target', (word) => targets.has(word));
  }
  if (platform !== undefined) demand('os', (word) => word.startsWith(`${platform} `));
  if (os !== undefined) filters.push(markSystems(os.split(','), engine));
  for (const compiler of query.compilers) {
    const [name = '', range = ''] = compiler.split('@');
    const words = facets.get('compiler')?.words ?? [];
    const own = words.filter((word) => isCompiler(word, name));
    const versionOf = (word: string): string => word.slice(word.indexOf('@') + 1);
    const fitting = new Set(own.filter((word) => !range || markVersions([versionOf(word)], range)[0] === 1));
    demand('compiler', (word) => fitting.has(word));
  }
  for (const { token } of query.variants) demand('variant', (word) => word === token);
  return filters;
}

/** Whether a build's compiler, `llvm@21.1.4`, has a name: `llvm`, or `clang` as before Spack 1.0. */
export function isCompiler(compiler: string, name: string): boolean {
  const own = compiler.slice(0, compiler.indexOf('@'));
  return own === name || oldCompilerName(own) === name;
}

/**
 * Rows that one of the systems can use: built on it or, on Linux and macOS, on another
 * system whose builds it can run, even if only by hash.
 */
function markSystems(systems: readonly string[], { builds, packages }: FilteredRows): Filter {
  const keys = new Map<string, number>();
  const fits: number[] = [];
  const rowKeys = Int32Array.from(builds.rows.package, (_, row) => {
    const name = `${builds.rows.system[row]} ${builds.rows.libc[row]}`;
    const rank = keys.get(name);
    if (rank !== undefined) return rank;
    const needs = rowNeeds(row, packages, builds);
    keys.set(name, fits.length);
    return fits.push(Number(needs !== undefined && systems.some((system) => runsOn(system, needs)))) - 1;
  });
  return { keys: rowKeys, fits: Uint8Array.from(fits) };
}

function runsOn(os: string, needs: BuildNeeds): boolean {
  if (os === needs.os) return true;
  const { kind = 'no' } = judgeOnSystem(os, undefined, needs) ?? {};
  return kind === 'yes' || kind === 'by hash';
}

function markFitting(facet: Facet, fitsWord: (word: string, place: number) => boolean): Uint8Array {
  const words = Uint8Array.from(facet.words, (word, place) => Number(fitsWord(word, place)));
  return Uint8Array.from(facet.wordsOfKey, (places) => Number(places.some((place) => words[place] === 1)));
}

/**
 * Marks the versions that match the text after `@` in a spec, by Spack's rules, or none
 * if Spack refuses it. The versions are in Spack's order, the lowest first. A comma at
 * the end is ignored, because the reader is still typing.
 */
export function markVersions(versions: readonly string[], constraint: string): Uint8Array {
  const marks = new Uint8Array(versions.length);
  for (const range of parseVersionRanges(constraint.replace(/,+$/, '')) ?? []) {
    for (let place = findFirst(versions, range.compare); place < versions.length; place += 1) {
      const version = versions[place] ?? '';
      if (range.compare(version) > 0) break;
      if (range.fits(version)) marks[place] = 1;
    }
  }
  return marks;
}

/** The first index whose version is not below an interval. */
function findFirst(versions: readonly string[], compare: (version: string) => number): number {
  let [low, high] = [0, versions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(versions[middle] ?? '') < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
