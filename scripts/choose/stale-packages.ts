import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { catalogPath, FROM_GIT } from '../../site/lib/catalog/catalog-files.ts';
import { isCommit } from '../../site/lib/format.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import { Origin } from '../../site/schemas/build.ts';
import type { Target } from '../../site/schemas/build-cache-settings.ts';
import { RecipeComparison } from '../../site/schemas/checks/recipe-comparison.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { readCatalog, readCatalogFile } from '../catalog/catalog.ts';
import { listNames, readJson } from '../cli/files.ts';
import { withTemporaryFolder } from '../cli/temporary-folder.ts';
import { readOldTrees, readRecipeTrees, type RecipeTrees } from '../refresh/recipe-trees.ts';
import { planRefresh, renewalContext } from '../refresh/refresh-plan.ts';
import { packagesUrl } from '../spack/install-spack.ts';

/** Packages to renew. */
export interface StalePackages {
  names: string[];
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
    ? { names: listOlder(directory, target, compared), isOrdered: true }
    : { names: await findStaleNames(directory, target, packagesVersion, environment), isOrdered: false };
}

/**
 * The packages of which every build for a target is older, in the order of renewal. A package with a build from these
 * recipes, or that would come out the same, has been renewed, whatever else of it is older.
 */
function listOlder(directory: string, target: Target, { commit, older }: RecipeComparison): string[] {
  const catalog = readCatalog(directory);
  const causes = new Map(
    older.flatMap(({ hashes, ...cause }) => hashes.map((hash) => [hash, cause] as const)),
  );
  const builds = [...catalog.builds.values()].filter(({ origin }) => origin.target === target.name);
  const done = new Set(
    builds
      .filter(({ hash, origin, name }) => {
        const cause = causes.get(hash);
        const hasNoRecipe = cause?.why === 'recipe-removed' && cause.name === name;
        return cause === undefined || hasNoRecipe || origin.packages === commit;
      })
      .map(({ name }) => name),
  );
  const verdicts = builds
    .filter(({ name }) => !done.has(name))
    .map(({ hash }) => {
      const kind = causes.get(hash)?.why === 'deprecated' ? ('deprecated' as const) : ('different' as const);
      return [hash, { kind, reason: '' }] as const;
    });
  const { renew } = planRefresh(new Map(verdicts), renewalContext(directory, catalog));
  return [...new Set(renew.map(({ name }) => name))];
}

/** The fields that a choice needs: it reads thousands of these files. */
const BuiltWith = z.object({
  published: z.string(),
  origin: Origin.pick({ target: true, packages: true }).strip(),
});

/**
 * The packages of a target whose newest build is from another recipe than that of a release, compared by
 * git's ids of their folders, without Spack. Packages whose build does not record the commit of its recipes
 * are left out.
 * @param environment `SPACK_PACKAGES_GIT_URL` names another repository
 */
async function findStaleNames(
  catalog: string,
  target: Target,
  packagesVersion: string,
  environment: ProcessEnvironment,
): Promise<string[]> {
  const commits = readCommits(catalog, target);
  if (commits.size === 0) return [];
  const url = packagesUrl(environment);
  return withTemporaryFolder(async (folder) => {
    const newTrees = await readRecipeTrees(url, packagesVersion, folder);
    const oldTrees = new Map<string, RecipeTrees | undefined>();
    for (const commit of new Set(commits.values()))
      oldTrees.set(commit, await readOldTrees(url, commit, folder));
    return [...commits].flatMap(([name, commit]) => {
      const id = newTrees.packages.get(name);
      // A package without a recipe cannot be built.
      return id === undefined || id === oldTrees.get(commit)?.packages.get(name) ? [] : [name];
    });
  });
}

/**
 * The commit of the recipes with which each package's newest build for a target was solved, keyed by package.
 */
function readCommits(catalog: string, target: Target): Map<string, string> {
  const folder = join(catalog, 'builds');
  const commits = new Map<string, string>();
  for (const name of listNames(folder).sort()) {
    const builds = readdirSync(join(folder, name))
      .filter((file) => file.endsWith('.json'))
      .map((file) => readJson(join(folder, name, file), BuiltWith, FROM_GIT))
      .filter(({ origin }) => origin.target === target.name)
      .sort((a, b) => compareTexts(a.published, b.published));
    const commit = builds.at(-1)?.origin.packages;
    if (commit !== undefined && isCommit(commit)) commits.set(name, commit);
  }
  return commits;
}
