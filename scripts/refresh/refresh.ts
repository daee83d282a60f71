import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { isCommit } from '../../site/lib/format.ts';
import { DagHash } from '../../site/schemas/digest.ts';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { databaseText } from '../../site/lib/spack/database.ts';
import {
  describeRecipes,
  installSpack,
  packagesUrl,
  type InstalledSpack,
  type WantedVersions,
} from '../spack/install-spack.ts';
import { gatherRecipes, parseRecipeSources } from '../spack/recipes.ts';
import { askScript } from '../spack/run-spack.ts';
import { createSpackHome } from '../spack/spack-home.ts';
import type { SpackOptions } from '../spack/spack-options.ts';
import { compareWithRecipes, RecipeState } from './compare.ts';
import { readOldTrees, readRecipeTrees, type RecipeTrees } from './recipe-trees.ts';
import { groupVerdicts, RecipePackage, type RecipesFile } from './record-recipes.ts';
import { planRefresh, renewalContext, type RefreshPlan } from './refresh-plan.ts';

/** Output of `recipe_state.py`. */
export const RecipeAnswer = z.object({
  states: z.record(DagHash, RecipeState),
  packages: z.array(RecipePackage),
});

export interface RefreshOptions extends Pick<SpackOptions, 'home' | 'own'> {
  wanted: WantedVersions;
  /** Addresses of more recipe repositories; may be empty. */
  repos: string;
}

/** Consequences of newer recipes for a cache, and the recipes' information. */
export interface RefreshResult {
  plan: RefreshPlan;
  recipes: RecipesFile;
}

/** Judges every build of a catalog by newer recipes, with a single run of Spack, and orders the renewals. */
export async function findStale(
  directory: string,
  catalog: Catalog,
  options: RefreshOptions,
): Promise<RefreshResult> {
  const tools = join(options.home, 'tools');
  const installed = await installSpack(options.wanted, tools, process.env);
  const { states, packages } = await askRecipes(catalog, installed, tools, options);
  const url = packagesUrl(process.env);
  const folder = resolve(tools, 'recipe-trees');
  const newest = isCommit(installed.packages) ? installed.packages : options.wanted.packages;
  const newTrees = await readRecipeTrees(url, newest, folder);
  const oldTrees = new Map<string, RecipeTrees | undefined>();
  for (const { origin } of catalog.builds.values()) {
    const { packages } = origin;
    if (packages === undefined || !isCommit(packages) || oldTrees.has(packages)) continue;
    oldTrees.set(packages, await readOldTrees(url, packages, folder));
  }
  const runtimes = new Set(packages.flatMap(({ name, tags }) => (tags.includes('runtime') ? name : [])));
  const origin = (hash: string) => catalog.builds.get(hash)?.origin;
  const context = renewalContext(directory, catalog);
  const verdicts = compareWithRecipes([...catalog.builds.keys()], {
    nodes: context.nodes,
    states,
    oldTrees: (hash) => oldTrees.get(origin(hash)?.packages ?? ''),
    newTrees,
    isRuntime: (name) => runtimes.has(name),
    sameSpack: (hash) => origin(hash)?.spack === installed.version,
  });
  const plan = planRefresh(verdicts, context);
  const { packages: commit } = installed;
  const { commitDate = '' } = await describeRecipes(installed);
  const builds = groupVerdicts(verdicts);
  return { plan, recipes: { name: options.wanted.packages, commit, commitDate, packages, builds } };
}

async function askRecipes(
  { builds, nodes }: Catalog,
  installed: InstalledSpack,
  tools: string,
  { home, own, repos }: RefreshOptions,
): Promise<{ states: Map<DagHash, RecipeState>; packages: RecipePackage[] }> {
  const folder = resolve(home, 'refresh');
  mkdirSync(folder, { recursive: true });
  const { repositories } = await gatherRecipes(parseRecipeSources(repos), own, tools);
  const builtin = installed.builtin === undefined ? {} : { builtin: installed.builtin };
  const environment = createSpackHome(
    folder,
    {
      installRoot: join(folder, 'store'),
      microarchitecture: 'x86_64',
      repositories: { ...repositories, ...builtin },
      mirrors: {},
    },
    process.env,
  );
  const { states, packages } = await askScript(
    { program: installed.program, environment },
    'recipe_state.py',
    databaseText([...builds.keys()], nodes),
    RecipeAnswer,
  );
  return { states: new Map(Object.entries(states)), packages };
}
