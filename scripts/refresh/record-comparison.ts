import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { isCommit } from '../../site/lib/format.ts';
import { formatJson } from '../../site/lib/json.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import {
  RecipeComparison,
  type BuildVerdicts,
  type OlderSince,
} from '../../site/schemas/checks/recipe-comparison.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { NewFile } from '../catalog/new-files.ts';
import { readCatalogFile } from '../catalog/catalog.ts';
import type { Verdict } from './compare.ts';
import type { RecipesRelease } from './record-packages.ts';

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
