import type { FileIndex } from '../../schemas/search/file-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import { parseQuery } from '../../lib/search/search-query.ts';
import type { WordFinder } from './words.ts';

/** A package that a reader may mean. */
export interface Suggestion {
  name: string;
  /** The highest one. */
  version: string;
  description: string;
  builds: number;
}

/** A program or library that a reader may mean. */
export interface FileSuggestion {
  name: string;
  kind: 'program' | 'library';
}

/** Suggestions shown at most: as many as fit above the keyboard of a phone. */
const [MOST, MOST_FILES] = [6, 3];

/**
 * The packages with builds that fit what is typed so far, a spec or words; the best first. Words that no package has
 * together may be properties, which only the search page knows: of `hdf5 mpi zen3` the names alone count.
 */
export function suggestPackages(text: string, index: PackageIndex, words: WordFinder): Suggestion[] {
  const typed = nameWords(text, index);
  const found = findPackages(typed, index, words);
  const names = typed.filter((word) => index.names.includes(word));
  return found.length > 0 || names.length === 0 ? found : findPackages(names, index, words);
}

function findPackages(typed: readonly string[], index: PackageIndex, words: WordFinder): Suggestion[] {
  const ranks = typed.map((word) => words.rankPackages(word));
  if (ranks.length === 0) return [];
  const matches: { place: number; rank: number; builds: number }[] = [];
  for (const [place, builds] of index.builds.entries()) {
    if (builds === 0 || ranks.some((rank) => !rank[place])) continue;
    matches.push({ place, builds, rank: ranks.reduce((sum, rank) => sum + (rank[place] ?? 0), 0) });
  }
  // The sort is stable: packages of equal rank and builds stay sorted by name.
  matches.sort((left, right) => left.rank - right.rank || right.builds - left.builds);
  return matches.slice(0, MOST).map(({ place }) => ({
    name: index.names[place] ?? '',
    version: index.versions[index.packageVersions[place]?.[0] ?? -1] ?? '',
    description: index.descriptions[place] ?? '',
    builds: index.builds[place] ?? 0,
  }));
}

/** Programs and libraries whose names begin with what is typed; the shortest first. */
export function suggestFiles(text: string, files: FileIndex): FileSuggestion[] {
  const [word = '', ...more] = parseQuery(text).words;
  if (more.length > 0 || word.length < 2) return [];
  const matches = files.names.flatMap((name, place): FileSuggestion[] => {
    const lower = name.toLowerCase();
    const kind = place < files.programs ? 'program' : 'library';
    return lower.startsWith(word) || (kind === 'library' && lower.startsWith(`lib${word}`))
      ? [{ name, kind }]
      : [];
  });
  return matches.sort((left, right) => left.name.length - right.name.length).slice(0, MOST_FILES);
}

/** The words that are names: of `hdf5-1.14` the part before the version. */
function nameWords(text: string, { names }: PackageIndex): string[] {
  return parseQuery(text).words.map((word) => {
    const [, name] = /^([a-z].*?)-\d[\w.]*$/.exec(word) ?? [];
    return name !== undefined && !names.includes(word) && names.includes(name) ? name : word;
  });
}
