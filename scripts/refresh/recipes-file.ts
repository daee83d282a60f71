import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { formatJson } from '../../site/lib/json.ts';
import { BuildVerdicts } from '../../site/schemas/checks/recipe-comparison.ts';
import { addFiles } from '../catalog/new-files.ts';
import { readJson } from '../cli/files.ts';
import { readDate } from '../publish/origin.ts';
import { recordComparison } from './record-comparison.ts';
import { RecipePackage, recordPackages } from './record-packages.ts';

/**
 * What `refresh --record-to` writes and `--record-from` reads: the job that loads recipes may not write, and the job that
 * writes loads none. Nothing in it is trusted.
 */
const RecipesFile = z.strictObject({
  name: z.string().min(1).max(100),
  commit: z.string().max(100),
  commitDate: z.union([z.literal(''), z.iso.datetime({ precision: 0 })]),
  /** Of each package with a recipe. */
  packages: z.array(RecipePackage).max(20_000),
  builds: BuildVerdicts,
});
export type RecipesFile = z.infer<typeof RecipesFile>;

/** Reads what `writeRecipes` wrote. */
export function readRecipes(file: string): RecipesFile {
  return readJson(file, RecipesFile, { advice: 'write it with refresh --packages VERSION --record-to FILE' });
}

/** Writes what recipes say for the job that records it. */
export function writeRecipes(file: string, recipes: RecipesFile): void {
  writeFileSync(file, formatJson(recipes));
}

/** Writes what recipes say of packages and builds that are here: they have no say in others. */
export function recordRecipes(
  folder: string,
  { nodes, builds }: Catalog,
  { packages, builds: verdicts, ...recipes }: RecipesFile,
): void {
  const here = new Set([...nodes.values()].map(({ node }) => node.name));
  const named = packages.filter(({ name }) => here.has(name));
  const release = { ...recipes, now: readDate(process.env, new Date()) };
  const files = recordPackages(named, release, folder);
  addFiles(folder, [...files, ...recordComparison(verdicts, release, new Set(builds.keys()), folder)]);
  console.error(`${files.length} packages updated in ${folder}`);
}
