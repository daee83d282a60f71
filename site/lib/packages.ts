import { targetOf } from '../schemas/node.ts';
import type { Package } from '../schemas/package.ts';
import type { CatalogBuild, SiteCatalog } from './shape-catalog.ts';
import { compareTexts, compareVersions } from './versions.ts';

/** A package with its builds. */
export interface CatalogPackage {
  name: string;
  /** What Spack knows of it. Absent: not read yet. */
  metadata?: Package | undefined;
  /** The highest version first, then by target, then the newest. */
  builds: CatalogBuild[];
  /** The highest first. */
  versions: string[];
  targets: string[];
  /** Operating systems. */
  systems: string[];
  /** Bytes of all tarballs. */
  size: number;
  /** When the newest build was published. */
  updated: string;
}

/** Groups builds, which come newest first, by package; packages are sorted by name. */
export function groupPackages(
  builds: Iterable<CatalogBuild>,
  metadata: Package[],
): Map<string, CatalogPackage> {
  const groups = Map.groupBy(builds, ({ build }) => build.name);
  const known = new Map(metadata.map((entry) => [entry.name, entry]));
  const names = [...groups.keys()].sort(compareTexts);
  return new Map(names.map((name) => [name, shapePackage(name, groups.get(name) ?? [], known.get(name))]));
}

/** How many builds there are of a version for a target, and whether any of them is on the site. */
export interface MatrixCell {
  version: string;
  target: string;
  builds: CatalogBuild[];
}

/** Version by target: a row for each version, the highest first, a cell for each target. */
export function versionMatrix({ builds, versions, targets }: CatalogPackage): MatrixCell[][] {
  const cells = Map.groupBy(builds, ({ node }) => `${targetOf(node)} ${node.version}`);
  return versions.map((version) =>
    targets.map((target) => ({ version, target, builds: cells.get(`${target} ${version}`) ?? [] })),
  );
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
