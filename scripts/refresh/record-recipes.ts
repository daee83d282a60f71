import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { catalogPath, type Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { formatJson } from '../../site/lib/json.ts';
import { Deprecation, Package } from '../../site/schemas/package.ts';
import { packageDescription } from '../build/record.ts';
import { readCatalogFile, type NewFile, addFiles } from '../catalog/catalog.ts';
import { PackageDescription } from '../spack/describe-specs.ts';
import { isCommit } from '../../site/lib/format.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import {
  RecipeComparison,
  BuildVerdicts,
  type OlderSince,
} from '../../site/schemas/checks/recipe-comparison.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { Verdict } from './compare.ts';
import { readJson } from '../cli/files.ts';
import { readDate } from '../publish/origin.ts';

/** Package information from `recipe_state.py`. Recipes are untrusted: it is cut to the catalog's limits. */
export const RecipePackage = z.object({
  ...PackageDescription.shape,
  deprecated: z.array(
    z.object({
      version: z.string(),
      reason: z.string(),
      severity: z.string(),
      cves: z.array(z.string()),
    }),
  ),
});
export type RecipePackage = z.infer<typeof RecipePackage>;

interface RecipesRelease {
  /** A release such as `v2026.06.0`, or another requested version. */
  name: string;
  commit: string;
  /** UTC, whole seconds; empty when unknown. */
  commitDate: string;
  /** The current time: UTC, whole seconds. */
  now: string;
}

/**
 * Returns the files of packages whose recipe differs from the catalog. A version already known to be
 * deprecated keeps the release in which that was first seen; recipes older than the catalog's change nothing.
 */
export function recordPackages(
  packages: readonly RecipePackage[],
  release: RecipesRelease,
  catalogDirectory: string,
): NewFile[] {
  // Otherwise real recipes would never be recorded again.
  if (release.commitDate > release.now) {
    throw new Error(
      `expected recipes from before ${release.now}, found a commit of ${release.commitDate}; set this machine's clock, or name a release of the recipes`,
    );
  }
  return packages.flatMap((recipe) => {
    const path = catalogPath('packages', recipe.name);
    const recorded = readCatalogFile(catalogDirectory, path, Package);
    if (recorded?.commitDate !== undefined && recorded.commitDate > release.commitDate) return [];
    const text = packageText(recipe, recorded, release);
    return text === undefined ? [] : [{ path, content: text, replace: true }];
  });
}

/** Returns the text of a package's file; undefined when nothing is new. */
function packageText(
  recipe: RecipePackage,
  recorded: Package | undefined,
  { name, commit, commitDate, now }: RecipesRelease,
): string | undefined {
  const [described] = packageDescription(recipe, {});
  if (described === undefined) return undefined;
  const first = new Map(
    (recorded?.deprecated ?? []).map((deprecation) => [deprecation.version, deprecation]),
  );
  const deprecated = recipe.deprecated.flatMap((deprecation) => {
    const fits = Deprecation.safeParse({
      version: deprecation.version,
      since: first.get(deprecation.version)?.since ?? name,
      seen: first.get(deprecation.version)?.seen ?? now,
      ...(deprecation.reason === '' ? {} : { reason: deprecation.reason.slice(0, 1_000) }),
      ...(deprecation.severity === '' ? {} : { severity: deprecation.severity.slice(0, 100) }),
      cves: deprecation.cves.slice(0, 200),
    });
    return fits.success ? [fits.data] : [];
  });
  const facts = {
    ...described,
    ...(deprecated.length > 0 ? { deprecated: deprecated.slice(0, 1_000) } : {}),
  };
  const before = Package.omit({ commit: true, commitDate: true })
    .partial()
    .strip()
    .parse(recorded ?? {});
  // A new commit alone is not recorded: git would keep a copy of each package for each release.
  if (formatJson(Package.parse(facts)) === formatJson(before)) return undefined;
  return formatJson(Package.parse({ ...facts, commit, ...(commitDate === '' ? {} : { commitDate }) }));
}

/** Groups verdicts to record: builds that are older for the same reason together, without unknown ones. */
export function groupVerdicts(verdicts: ReadonlyMap<DagHash, Verdict>): BuildVerdicts {
  const groups = Map.groupBy(verdicts, ([, { kind, cause, isUnknown = false }]) => {
    if (cause) return JSON.stringify(cause);
    if (kind === 'unchanged') return 'current';
    return isUnknown ? 'unknown' : 'noNewer';
  });
  const sorted = [...groups].map(([group, members]) => ({
    group,
    cause: members[0]?.[1].cause,
    hashes: members.map(([hash]) => hash).sort(),
  }));
  const hashesOf = (name: string): DagHash[] => sorted.find(({ group }) => group === name)?.hashes ?? [];
  return {
    current: hashesOf('current'),
    noNewer: hashesOf('noNewer'),
    older: sorted.flatMap(({ cause, hashes }) => (cause ? [{ ...cause, hashes }] : [])),
  };
}

/**
 * Returns the file that compares the builds of a catalog with a release of the recipes. A build already known
 * to be older keeps the release since which it is older; recipes older than those recorded change nothing.
 * @param here hashes of the catalog's builds; the recipes' job cannot record others
 */
export function recordComparison(
  verdicts: BuildVerdicts,
  { name, commit, commitDate: date }: RecipesRelease,
  here: ReadonlySet<DagHash>,
  catalogDirectory: string,
): NewFile[] {
  const path = catalogPath('checks', 'recipes');
  const before = readCatalogFile(catalogDirectory, path, RecipeComparison);
  // Recipes without a known commit and date never count as newer.
  if (date === '' || !isCommit(commit) || (before && before.date > date)) return [];
  const earlier = new Map(before?.older.flatMap(({ since, hashes }) => hashes.map((hash) => [hash, since])));
  const left = new Set(here);
  // Takes each build once, even if the input repeats it.
  const take = (hashes: readonly DagHash[]): DagHash[] => hashes.filter((hash) => left.delete(hash)).sort();
  const older = verdicts.older.flatMap(({ hashes, ...cause }) => {
    const bySince = Map.groupBy(take(hashes), (hash) => earlier.get(hash)?.release ?? name);
    return [...bySince].map(([release, members]) => {
      const since: OlderSince = earlier.get(members[0] ?? '') ?? { release, date };
      return { ...cause, hashes: members, since };
    });
  });
  const comparison: RecipeComparison = {
    release: name,
    commit,
    date,
    current: take(verdicts.current),
    noNewer: take(verdicts.noNewer),
    older: older.sort((left, right) => compareTexts(left.hashes[0] ?? '', right.hashes[0] ?? '')),
  };
  return [{ path, content: formatJson(RecipeComparison.parse(comparison)), replace: true }];
}

/**
 * File that `refresh --record-to` writes and `--record-from` reads: the job that loads recipes has no write
 * access, and the job that writes loads no recipes. Nothing in it is trusted.
 */
const RecipesFile = z.strictObject({
  name: z.string().min(1).max(100),
  commit: z.string().max(100),
  commitDate: z.union([z.literal(''), z.iso.datetime({ precision: 0 })]),
  /** All packages with a recipe. */
  packages: z.array(RecipePackage).max(20_000),
  builds: BuildVerdicts,
});
export type RecipesFile = z.infer<typeof RecipesFile>;

/** Reads a file written by `writeRecipes`. */
export function readRecipes(file: string): RecipesFile {
  return readJson(file, RecipesFile, { advice: 'write it with refresh --packages VERSION --record-to FILE' });
}

/** Writes the recipes' information for the job that records it. */
export function writeRecipes(file: string, recipes: RecipesFile): void {
  writeFileSync(file, formatJson(recipes));
}

/** Records the recipes' information on packages and builds in the catalog, and on no others. */
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
