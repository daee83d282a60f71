import { targetOf } from '../../schemas/node.ts';
import type { Package } from '../../schemas/package.ts';
import type { CatalogBuild, SiteCatalog, CatalogPackage, CatalogFailure } from './site-catalog.ts';
import { requestedVersion } from './failures.ts';
import { compareTexts, compareVersions } from '../spack/versions.ts';
import { PACKAGES_PER_PAGE, splitPages } from '../page/paging.ts';
import { packagesPath } from '../url.ts';

/**
 * Maximum number of builds in the table of a package's page, each with an anchor. Builds of older versions
 * are short lines, folded by version, so that a page stays below 100 kB.
 */
export const MOST_ROWS = 20;

/** Groups builds, which come newest first, by package; packages are sorted by name. */
export function groupPackages(
  builds: Iterable<CatalogBuild>,
  metadata: Package[],
): Map<string, CatalogPackage> {
  const groups = Map.groupBy(builds, ({ build }) => build.name);
  const descriptions = new Map(metadata.map((entry) => [entry.name, entry]));
  const names = [...groups.keys()].sort(compareTexts);
  return new Map(
    names.map((name) => [name, shapePackage(name, groups.get(name) ?? [], descriptions.get(name))]),
  );
}

/** A target, with its operating system if the package has builds for several systems. */
export interface MatrixColumn {
  target: string;
  system?: string | undefined;
}

/** Builds of a version for a target. */
export interface MatrixCell extends MatrixColumn {
  version: string;
  builds: CatalogBuild[];
}

/** Builds of a package by version and target. */
export interface VersionMatrix {
  columns: MatrixColumn[];
  /** One row per version, the highest first, with one cell per column. */
  rows: MatrixCell[][];
}

/** Builds by version and target, and by operating system if there are several. */
export function versionMatrix({ builds, versions, targets, systems }: CatalogPackage): VersionMatrix {
  const several = systems.length > 1;
  const cells = Map.groupBy(builds, ({ node }) =>
    cellKey(node.version, { target: targetOf(node), system: several ? node.arch.platform_os : undefined }),
  );
  const columns = targets
    .flatMap((target): MatrixColumn[] =>
      several ? systems.map((system) => ({ target, system })) : [{ target }],
    )
    .filter((column) => versions.some((version) => cells.has(cellKey(version, column))));
  return {
    columns,
    rows: versions.map((version) =>
      columns.map((column) => ({ ...column, version, builds: cells.get(cellKey(version, column)) ?? [] })),
    ),
  };
}

/**
 * Reduces a matrix to its newest versions and the columns
 * with the most builds of these, in their original order.
 */
export function cutMatrix({ columns, rows }: VersionMatrix, versions: number, most: number): VersionMatrix {
  const newest = rows.slice(0, versions);
  const counts = columns.map((_, place) =>
    newest.reduce((sum, cells) => sum + (cells[place]?.builds.length ?? 0), 0),
  );
  const kept = counts
    .map((count, place) => ({ count, place }))
    .sort((left, right) => right.count - left.count)
    .slice(0, most)
    .map(({ place }) => place)
    .sort((left, right) => left - right);
  return {
    columns: kept.flatMap((place) => columns[place] ?? []),
    rows: newest.map((cells) => kept.flatMap((place) => cells[place] ?? [])),
  };
}

function cellKey(version: string, { target, system }: MatrixColumn): string {
  return JSON.stringify([version, target, system]);
}

/** Names of the packages here whose builds depend directly on a build of a package, sorted. */
export function dependentPackages({ name, builds }: CatalogPackage, catalog: SiteCatalog): string[] {
  const names = builds
    .flatMap(({ build }) => catalog.dependents.get(build.hash) ?? [])
    .map((hash) => catalog.builds.get(hash)?.build.name ?? name);
  return distinct(names)
    .filter((dependent) => dependent !== name)
    .sort(compareTexts);
}

function shapePackage(name: string, builds: CatalogBuild[], metadata: Package | undefined): CatalogPackage {
  return {
    name,
    metadata,
    updated: builds[0]?.build.published ?? '',
    builds: builds.toSorted(
      (left, right) =>
        compareVersions(right.node.version, left.node.version) ||
        compareTexts(targetOf(left.node), targetOf(right.node)),
    ),
    versions: distinct(builds.map(({ node }) => node.version)).sort((left, right) =>
      compareVersions(right, left),
    ),
    targets: distinct(builds.map(({ node }) => targetOf(node))).sort(compareTexts),
    systems: distinct(builds.map(({ node }) => node.arch.platform_os)).sort(compareTexts),
    size: builds.reduce((sum, { build }) => sum + build.tarball.size, 0),
  };
}

function distinct(texts: string[]): string[] {
  return [...new Set(texts)];
}

/** Packages, split into the pages of their list. */
export function packagePages<Item>(packages: readonly Item[]): Item[][] {
  return splitPages(packages, PACKAGES_PER_PAGE);
}

/**
 * Path of a page of the list. Package names never begin with `-`, so it cannot collide with a package's page.
 */
export function pagePath(page: number): string {
  return page === 1 ? packagesPath : `${packagesPath}-/${page}/`;
}

/** A column of a table of packages, besides the name. */
export interface TableColumn {
  /** Value of `data-column` in its head. */
  name: string;
  label: string;
}

/** Columns of the table. The description is below the name and has no head. */
export const TABLE_COLUMNS: TableColumn[] = [
  { name: 'description', label: 'Description' },
  { name: 'version', label: 'Version' },
  { name: 'targets', label: 'Targets' },
  { name: 'builds', label: 'Builds' },
  { name: 'size', label: 'Download' },
  { name: 'updated', label: 'Published' },
];

/**
 * Empty cells of a package's matrix with failed builds, each with its newest failure.
 * @param failures failures of the package, the newest first
 */
export function failedCells(
  failures: readonly CatalogFailure[],
  rows: readonly (readonly MatrixCell[])[],
): Map<MatrixCell, CatalogFailure> {
  const cells = new Map<MatrixCell, CatalogFailure>();
  for (const failure of failures) {
    const version = requestedVersion(failure);
    const cell = rows
      .flat()
      .find(
        ({ builds, ...cell }) =>
          builds.length === 0 && cell.version === version && cell.target === failure.target,
      );
    if (cell && !cells.has(cell)) cells.set(cell, failure);
  }
  return cells;
}
