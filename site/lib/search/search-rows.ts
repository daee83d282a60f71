import type { CatalogPackage, CatalogBuild, SiteCatalog, CatalogFailure } from '../catalog/site-catalog.ts';
import { once } from '../once.ts';
import { compareTexts } from '../spack/versions.ts';

/** A row that search can find: a build or a failure. */
export type SearchRow = { package: number } & ({ entry: CatalogBuild } | { failure: CatalogFailure });

/** A package with builds or failures. */
export interface SearchPackage {
  name: string;
  entry?: CatalogPackage | undefined;
}

/** All packages and rows for search, in the order of its data files. */
export interface SearchRows {
  packages: SearchPackage[];
  rows: SearchRow[];
}

/** Orders a catalog's builds and failures for search: by package, the highest version first, then failures. */
export const searchRows = once(({ packages, failures }: SiteCatalog): SearchRows => {
  const failed = Map.groupBy(failures, ({ name }) => name);
  const names = [...new Set([...packages.keys(), ...failed.keys()])].sort(compareTexts);
  const rows = names.flatMap((name, place): SearchRow[] => [
    ...(packages.get(name)?.builds ?? []).map((entry) => ({ package: place, entry })),
    ...(failed.get(name) ?? []).map((failure) => ({ package: place, failure })),
  ]);
  return { packages: names.map((name) => ({ name, entry: packages.get(name) })), rows };
});

/** Last part of the path of a row's page: a DAG hash, or the file name of a failure. */
export function keyOfRow(row: SearchRow): string {
  return 'entry' in row ? row.entry.build.hash : (row.failure.id.split('/').at(-1) ?? '');
}
