import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { isCommit } from '../../site/lib/format.ts';
import { DagHash } from '../../site/schemas/digest.ts';
import type { Build } from '../../site/schemas/build.ts';
import type { Pin } from '../../site/schemas/kept-builds.ts';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { databaseText } from '../../site/lib/spack/database.ts';
import { readPins } from '../catalog/catalog.ts';
import {
  describeRecipes,
  installSpack,
  packagesUrl,
  type InstalledSpack,
  type WantedVersions,
} from '../spack/install-spack.ts';
import { gatherRecipes, parseRecipeSources } from '../spack/recipes.ts';
import { askSpack } from '../spack/run-spack.ts';
import { createSpackHome } from '../spack/spack-home.ts';
import type { SpackOptions } from '../spack/spack-options.ts';
import { compareWithRecipes, RecipeState } from './compare.ts';
import { readOldTrees, readRecipeTrees, type RecipeTrees } from './recipe-trees.ts';
import { groupVerdicts, RecipePackage, type RecipesFile } from './record-recipes.ts';
import { planRefresh, type RefreshPlan } from './refresh-plan.ts';

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
  const nodes = new Map([...catalog.nodes].map(([hash, { node }]) => [hash, node]));
  const verdicts = compareWithRecipes([...catalog.builds.keys()], {
    nodes,
    states,
    oldTrees: (hash) => oldTrees.get(origin(hash)?.packages ?? ''),
    newTrees,
    isRuntime: (name) => runtimes.has(name),
    sameSpack: (hash) => origin(hash)?.spack === installed.version,
  });
  const plan = planRefresh(verdicts, {
    builds: catalog.builds,
    nodes,
    environments: new Set([...catalog.environments.values()].flat()),
    pinned: findPinned(catalog, readPins(directory)),
  });
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
  const input = join(folder, 'index.json');
  const output = join(folder, 'states.json');
  writeFileSync(input, databaseText([...builds.keys()], nodes));
  const script = join(import.meta.dirname, '../spack/recipe_state.py');
  await askSpack({ program: installed.program, environment }, ['python', script, input, output]);
  const { states, packages } = RecipeAnswer.parse(JSON.parse(readFileSync(output, 'utf8')));
  return { states: new Map(Object.entries(states)), packages };
}

/** Builds that people pinned, or requested by hand. */
function findPinned({ builds }: Catalog, pins: ReadonlyMap<string, Pin>): Set<DagHash> {
  const hashes = new Set([...pins.values()].flatMap((pin) => pin.hashes));
  const specs = new Set([...pins.values()].flatMap((pin) => pin.specs));
  const isPinned = ({ name, version, hash, origin }: Build) =>
    hashes.has(hash) || specs.has(name) || specs.has(`${name}@${version}`) || origin.byHand === true;
  return new Set([...builds.values()].filter(isPinned).map(({ hash }) => hash));
}
