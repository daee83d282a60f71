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

/** Suggestions shown at most: as many as fit above the keyboard of a phone. */
const MOST = 6;

/** The packages with builds that fit what is typed so far, a spec or words; the best first. */
export function suggestPackages(text: string, index: PackageIndex, words: WordFinder): Suggestion[] {
  const ranks = parseQuery(text).words.map((word) => words.rankPackages(word));
  if (ranks.length === 0) return [];
  const found: { place: number; rank: number }[] = [];
  for (const [place, builds] of index.builds.entries()) {
    if (builds === 0 || ranks.some((rank) => !rank[place])) continue;
    found.push({ place, rank: ranks.reduce((sum, rank) => sum + (rank[place] ?? 0), 0) });
  }
  // The sort is stable: packages of equal rank stay sorted by name.
  found.sort((left, right) => left.rank - right.rank);
  return found.slice(0, MOST).map(({ place }) => ({
    name: index.names[place] ?? '',
    version: index.versions[index.packageVersions[place]?.[0] ?? -1] ?? '',
    description: index.descriptions[place] ?? '',
    builds: index.builds[place] ?? 0,
  }));
}
