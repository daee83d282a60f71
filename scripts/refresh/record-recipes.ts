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

/** What `recipe_state.py` says of a package. A recipe may say anything: it is cut to what the catalog takes. */
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

/** Where recipes come from. */
interface RecipesRelease {
  /** A release, `v2026.06.0`, or what else was asked for. */
  name: string;
  commit: string;
  /** UTC, whole seconds; empty: not known. */
  commitDate: string;
  /** Now: UTC, whole seconds. */
  now: string;
}

/**
 * The files of packages whose recipe says something else than the catalog does. A version that was known to be
 * deprecated keeps the release in which that was first seen; older recipes than the catalog's change nothing.
 */
export function recordPackages(
  packages: readonly RecipePackage[],
  release: RecipesRelease,
  catalogDirectory: string,
): NewFile[] {
  // Later recipes would never be recorded again.
  if (release.commitDate > release.now) {
    throw new Error(
      `expected recipes from before ${release.now}, found a commit of ${release.commitDate}; set this machine's clock, or name a release of the recipes`,
    );
  }
  return packages.flatMap((found) => {
    const path = catalogPath('packages', found.name);
    const known = readCatalogFile(catalogDirectory, path, Package);
    if (known?.commitDate !== undefined && known.commitDate > release.commitDate) return [];
    const text = packageText(found, known, release);
    return text === undefined ? [] : [{ path, content: text, replace: true }];
  });
}

/** Undefined: nothing new. */
function packageText(
  found: RecipePackage,
  known: Package | undefined,
  { name, commit, commitDate, now }: RecipesRelease,
): string | undefined {
  const [described] = packageDescription(found, {});
  if (described === undefined) return undefined;
  const first = new Map((known?.deprecated ?? []).map((one) => [one.version, one]));
  const deprecated = found.deprecated.flatMap((one) => {
    const fits = Deprecation.safeParse({
      version: one.version,
      since: first.get(one.version)?.since ?? name,
      seen: first.get(one.version)?.seen ?? now,
      ...(one.reason === '' ? {} : { reason: one.reason.slice(0, 1_000) }),
      ...(one.severity === '' ? {} : { severity: one.severity.slice(0, 100) }),
      cves: one.cves.slice(0, 200),
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
    .parse(known ?? {});
  // Not for the commit alone: git would keep a copy of each package for each release.
  if (formatJson(Package.parse(facts)) === formatJson(before)) return undefined;
  return formatJson(Package.parse({ ...facts, commit, ...(commitDate === '' ? {} : { commitDate }) }));
}

/** Verdicts as they are recorded: builds that are older for the same reason are together, unknown ones left out. */
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
 * The file that says how the builds of a catalog compare with a release of the recipes. A build that was known to be
 * older keeps the release since which it is; older recipes than those recorded change nothing.
 * @param here hashes of the catalog's builds: of others the recipes' job has no say
 */
export function recordComparison(
  found: BuildVerdicts,
  { name, commit, commitDate: date }: RecipesRelease,
  here: ReadonlySet<DagHash>,
  catalogDirectory: string,
): NewFile[] {
  const path = catalogPath('checks', 'recipes');
  const before = readCatalogFile(catalogDirectory, path, RecipeComparison);
  // Recipes of which no commit and date are known are newer than none.
  if (date === '' || !isCommit(commit) || (before && before.date > date)) return [];
  const known = new Map(before?.older.flatMap(({ since, hashes }) => hashes.map((hash) => [hash, since])));
  const left = new Set(here);
  // Each build once, whatever is claimed.
  const take = (hashes: readonly DagHash[]): DagHash[] => hashes.filter((hash) => left.delete(hash)).sort();
  const older = found.older.flatMap(({ hashes, ...cause }) => {
    const bySince = Map.groupBy(take(hashes), (hash) => known.get(hash)?.release ?? name);
    return [...bySince].map(([release, members]) => {
      const since: OlderSince = known.get(members[0] ?? '') ?? { release, date };
      return { ...cause, hashes: members, since };
    });
  });
  const comparison: RecipeComparison = {
    release: name,
    commit,
    date,
    current: take(found.current),
    noNewer: take(found.noNewer),
    older: older.sort((left, right) => compareTexts(left.hashes[0] ?? '', right.hashes[0] ?? '')),
  };
  return [{ path, content: formatJson(RecipeComparison.parse(comparison)), replace: true }];
}

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
