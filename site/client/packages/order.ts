import type { PackageIndex } from '../../schemas/search/package-index.ts';
import { createWordFinder, type WordFinder } from '../search/words.ts';

export const PACKAGE_COLUMNS = ['name', 'version', 'targets', 'builds', 'size', 'updated'] as const;
export type PackageColumn = (typeof PACKAGE_COLUMNS)[number];

/** What a table of packages shows. */
export interface PackageView {
  /** Words that names or descriptions must have. */
  text: string;
  sort: PackageColumn;
  descending: boolean;
}

/** Columns whose largest values one looks for first. */
export const LARGEST_FIRST: ReadonlySet<PackageColumn> = new Set([
  'version',
  'targets',
  'builds',
  'size',
  'updated',
]);

const finders = new WeakMap<PackageIndex, WordFinder>();

/** Places of the packages that fit, in order; a search without a chosen order shows the best first. */
export function orderPackages(index: PackageIndex, { text, sort, descending }: PackageView): number[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const finder = finders.get(index) ?? createWordFinder(index);
  finders.set(index, finder);
  const ranks = words.map((word) => finder.rankPackages(word));
  const places = [...index.names.keys()].filter(
    (place) => (index.builds[place] ?? 0) > 0 && ranks.every((rank) => (rank[place] ?? 0) > 0),
  );
  const rankOf = (place: number): number => ranks.reduce((sum, rank) => sum + (rank[place] ?? 0), 0);
  const valueOf = valueReader(index, sort);
  const sign = descending ? -1 : 1;
  if (sort === 'name' && words.length > 0 && !descending)
    return places.sort((left, right) => rankOf(left) - rankOf(right) || left - right);
  return places.sort((left, right) => sign * (valueOf(left) - valueOf(right)) || left - right);
}

function valueReader(index: PackageIndex, column: PackageColumn): (place: number) => number {
  if (column === 'builds') return (place) => index.builds[place] ?? 0;
  if (column === 'size') return (place) => index.sizes[place] ?? 0;
  if (column === 'updated') return (place) => index.updated[place] ?? 0;
  if (column === 'version') return (place) => index.packageVersions[place]?.length ?? 0;
  if (column === 'targets') return (place) => index.packageTargets[place]?.length ?? 0;
  return (place) => place;
}
