import { z } from 'zod';
import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { formatJson } from '../../site/lib/json.ts';
import { Deprecation, Package } from '../../site/schemas/package.ts';
import { packageDescription } from '../build/record.ts';
import { readCatalogFile } from '../catalog/catalog.ts';
import type { NewFile } from '../catalog/new-files.ts';
import { PackageDescription } from '../spack/describe-specs.ts';

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
export interface RecipesRelease {
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
