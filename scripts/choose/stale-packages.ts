import { z } from 'zod';
import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { isCommit } from '../../site/lib/format.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import { Origin, type Build } from '../../site/schemas/build.ts';
import type { Target } from '../../site/schemas/build-cache-settings.ts';
import { RecipeComparison } from '../../site/schemas/checks/recipe-comparison.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { readCatalog, readCatalogFile, readCatalogFiles } from '../catalog/catalog.ts';
import { withTemporaryFolder } from '../cli/files.ts';
import { readOldTrees, readRecipeTrees, type RecipeTrees } from '../refresh/recipe-trees.ts';
import { planRefresh, renewalContext } from '../refresh/refresh-plan.ts';
import { packagesUrl } from '../spack/install-spack.ts';

/** A package to renew. */
export interface OlderPackage {
  name: string;
  /** The spec that a person requested. Absent: nobody requested one, and any build from the newer recipes will do. */
  request?: string;
  /** Whether another build of the package is from the newer recipes. */
  isCurrent: boolean;
}

/** Packages to renew. */
export interface StalePackages {
  packages: OlderPackage[];
  /** Whether the most important ones come first. Otherwise an unchanged one may be among them, again on each day. */
  isOrdered: boolean;
}

/**
 * The packages of a target that a release of the recipes would build differently. If the catalog has a comparison with
 * this release, as the weekly refresh records it, that decides, and the order is that of refresh. Until then the recipes'
 * folders are compared.
 * @param environment `SPACK_PACKAGES_GIT_URL` names another repository
 */
export async function findStalePackages(
  directory: string,
  target: Target,
  packagesVersion: string,
  environment: ProcessEnvironment,
): Promise<StalePackages> {
  const compared = readCatalogFile(directory, catalogPath('checks', 'recipes'), RecipeComparison);
  return compared && [compared.release, compared.commit].includes(packagesVersion)
    ? { packages: listOlder(directory, target, compared), isOrdered: true }
    : { packages: await findChanged(directory, target, packagesVersion, environment), isOrdered: false };
}

/**
 * The packages of which every build for a target is older, in the order of renewal. A package with a build from these
 * recipes, or that would come out the same, has been renewed, whatever else of it is older; of a package that people
 * requested, each requested spec.
 */
function listOlder(directory: string, target: Target, { commit, older }: RecipeComparison): OlderPackage[] {
  const catalog = readCatalog(directory);
  const causes = new Map(
    older.flatMap(({ hashes, ...cause }) => hashes.map((hash) => [hash, cause] as const)),
  );
  const builds = [...catalog.builds.values()].filter(({ origin }) => origin.target === target.name);
  const isCurrent = ({ hash, origin, name }: Build): boolean => {
    const cause = causes.get(hash);
    const hasNoRecipe = cause?.why === 'recipe-removed' && cause.name === name;
    return cause === undefined || hasNoRecipe || origin.packages === commit;
  };
  const stale = groupBuilds(builds, isCurrent).filter((group) => !group.builds.some(isCurrent));
  const packageOf = new Map(
    stale.flatMap(({ builds: own, ...rest }) => own.map(({ hash }) => [hash, rest] as const)),
  );
  const verdicts = [...packageOf.keys()].map((hash) => {
    const kind = causes.get(hash)?.why === 'deprecated' ? ('deprecated' as const) : ('different' as const);
    return [hash, { kind, reason: '' }] as const;
  });
  const { renew } = planRefresh(new Map(verdicts), renewalContext(directory, catalog));
  return [...new Set(renew.flatMap(({ hash }) => packageOf.get(hash) ?? []))];
}

/** Builds of each package, or of each spec that people requested of it. */
function groupBuilds<T extends Pick<Build, 'name' | 'origin'>>(
  builds: readonly T[],
  isCurrent: (build: T) => boolean,
): (OlderPackage & { builds: T[] })[] {
  return [...Map.groupBy(builds, ({ name }) => name)].flatMap(([name, all]) => {
    const hasCurrent = all.some(isCurrent);
    const requested = all.filter(({ origin }) => origin.byHand !== undefined);
    if (requested.length === 0) return [{ name, builds: all, isCurrent: hasCurrent }];
    return [...Map.groupBy(requested, ({ origin }) => origin.byHand)].map(([request = name, own]) => ({
      ...{ name, request, builds: own, isCurrent: hasCurrent },
    }));
  });
}

/** The fields that a choice needs: it reads thousands of these files. */
const BuiltWith = z.object({
  name: z.string(),
  published: z.string(),
  origin: Origin.pick({ target: true, packages: true, byHand: true }).strip(),
});
type BuiltWith = z.infer<typeof BuiltWith>;

/**
 * The packages of a target whose newest build, of each spec that people requested, is from another recipe than that of a
 * release, compared by git's ids of their folders, without Spack. Packages whose build does not record the commit of its
 * recipes are left out.
 * @param environment `SPACK_PACKAGES_GIT_URL` names another repository
 */
async function findChanged(
  catalog: string,
  target: Target,
  packagesVersion: string,
  environment: ProcessEnvironment,
): Promise<OlderPackage[]> {
  const builds = readBuilds(catalog, target);
  const commits = new Set(builds.map(({ origin }) => origin.packages ?? '').filter(isCommit));
  if (commits.size === 0) return [];
  const url = packagesUrl(environment);
  return withTemporaryFolder(async (folder) => {
    const newTrees = await readRecipeTrees(url, packagesVersion, folder);
    const oldTrees = new Map<string, RecipeTrees | undefined>();
    for (const commit of commits) oldTrees.set(commit, await readOldTrees(url, commit, folder));
    // A package without a recipe cannot be built.
    const isCurrent = ({ name, origin: { packages = '' } }: BuiltWith): boolean => {
      const id = newTrees.packages.get(name);
      return id === undefined || !isCommit(packages) || id === oldTrees.get(packages)?.packages.get(name);
    };
    return groupBuilds(builds, isCurrent).flatMap(({ builds: [newest], ...rest }) =>
      newest === undefined || isCurrent(newest) ? [] : [rest],
    );
  });
}

/** Builds for a target, the newest first. */
function readBuilds(catalog: string, target: Target): BuiltWith[] {
  return [...readCatalogFiles(catalog, 'builds', BuiltWith).values()]
    .filter(({ origin }) => origin.target === target.name)
    .sort((a, b) => compareTexts(b.published, a.published));
}
