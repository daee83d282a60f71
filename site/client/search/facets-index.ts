import type { BuildIndex } from '../../schemas/search/build-index.ts';
import { BUILD_STATES } from '../../schemas/search/layout.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';

export const FACET_NAMES = [
  'runs',
  'state',
  'target',
  'os',
  'compiler',
  'version',
  'variant',
  'environment',
  'recipes',
  'month',
] as const;
export type FacetName = (typeof FACET_NAMES)[number];

/** A property for narrowing results. */
export interface Facet {
  name: FacetName;
  /** Its values, in the form that addresses have. */
  words: readonly string[];
  /** Key of each row; 0 for a row without one. */
  keys: Int32Array;
  /** Words of each key, as indexes into `words`. */
  wordsOfKey: readonly (readonly number[])[];
  /** Whether a row must have all selected words, or any of them. */
  all: boolean;
}

/** Words that a reader selected, keyed by facet. */
export type Selection = ReadonlyMap<FacetName, ReadonlySet<string>>;

/** The facets of the search index, keyed by name. */
export function listFacets(packages: PackageIndex, builds: BuildIndex): Map<FacetName, Facet> {
  const { rows } = builds;
  const environments = environmentSets(builds);
  const facets: Facet[] = [
    single('state', BUILD_STATES, rows.state),
    single('target', packages.targets, rows.target),
    single('os', builds.systems, rows.system),
    several('compiler', builds.compilers, builds.compilerSets, rows.compilerSet),
    single('version', packages.versions, rows.version),
    { ...several('variant', builds.variants, builds.variantSets, rows.variantSet), all: true },
    several(
      'environment',
      builds.environments.map(({ name }) => name),
      environments.sets,
      environments.rows,
    ),
    single('recipes', builds.freshness, rows.freshness),
    single('month', builds.months, rows.month),
  ];
  return new Map(facets.map((facet) => [facet.name, facet]));
}

/** Marks the keys of a facet that match the selected words. */
export function markKeys(facet: Facet, selected: ReadonlySet<string>): Uint8Array {
  const places = new Set([...selected].map((word) => facet.words.indexOf(word)));
  return Uint8Array.from(facet.wordsOfKey, (words) => {
    const count = words.filter((word) => places.has(word)).length;
    return Number(facet.all ? count === places.size : count > 0);
  });
}

/** Number of rows for each word of a facet, from the number of rows for each key. */
export function countWords({ words, wordsOfKey }: Facet, keyCounts: Uint32Array): Uint32Array {
  const counts = new Uint32Array(words.length);
  for (const [key, count] of keyCounts.entries()) {
    if (count === 0) continue;
    for (const word of wordsOfKey[key] ?? []) counts[word] = (counts[word] ?? 0) + count;
  }
  return counts;
}

function single(name: FacetName, words: readonly string[], places: readonly number[]): Facet {
  return several(
    name,
    words,
    words.map((_, place) => [place]),
    places,
  );
}

function several(
  name: FacetName,
  words: readonly string[],
  sets: readonly (readonly number[])[],
  places: readonly number[],
): Facet {
  return {
    name,
    words,
    keys: Int32Array.from(places, (place) => place + 1),
    wordsOfKey: [[], ...sets],
    all: false,
  };
}

function environmentSets({ environments, rows }: BuildIndex): { sets: number[][]; rows: number[] } {
  const lists: number[][] = rows.package.map(() => []);
  for (const [place, environment] of environments.entries())
    for (const row of environment.rows) lists[row]?.push(place);
  const places = new Map<string, number>();
  const sets: number[][] = [];
  const numbers = lists.map((list) => {
    const key = list.join();
    const place = places.get(key) ?? sets.push(list) - 1;
    places.set(key, place);
    return place;
  });
  return { sets, rows: numbers };
}
