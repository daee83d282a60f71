import type { SearchEngine } from './search-engine.ts';
import type { Facet, FacetName } from './search-facets.ts';
import type { Query } from './search-query.ts';
import { markVersions } from './version-places.ts';

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
