import type {
  FreshnessState,
  OlderCause,
  OlderSince,
  RecipeComparison,
} from '../../schemas/checks/recipe-comparison.ts';
import type { DagHash } from '../../schemas/digest.ts';
import type { CatalogBuild, SiteCatalog } from '../catalog/site-catalog.ts';
import { formatCount, formatDate } from '../format.ts';
import { once } from '../once.ts';
import { compareTexts } from '../spack/versions.ts';

/** Result of comparing one build with newer recipes, from the catalog. */
export interface Freshness {
  state: FreshnessState;
  /** Reason, present only for older builds. */
  cause?: OlderCause;
  since?: OlderSince | undefined;
}

/** Number of builds in each state, and the date since which the first of the older ones has been older. */
export interface FreshnessCount {
  builds: Record<FreshnessState, number>;
  since?: OlderSince | undefined;
}

/** The part of a catalog needed to compare builds with newer recipes. */
export type ComparedCatalog = Pick<SiteCatalog, 'comparison'>;

/** Compares a build with newer recipes. */
export function freshnessOf(
  { build }: Pick<CatalogBuild, 'build'>,
  { comparison }: ComparedCatalog,
): Freshness {
  if (!comparison) return { state: 'unknown' };
  const verdict = statesOf(comparison).get(build.hash);
  if (verdict?.state === 'older') return verdict;
  return build.origin.packages === comparison.commit
    ? { state: 'current' }
    : (verdict ?? { state: 'unknown' });
}

const statesOf = once(
  ({ current, noNewer, older }: RecipeComparison) =>
    new Map<DagHash, Freshness>([
      ...current.map((hash) => [hash, { state: 'current' }] as const),
      ...noNewer.map((hash) => [hash, { state: 'no newer' }] as const),
      ...older.flatMap(({ hashes, since, ...cause }) =>
        hashes.map((hash) => [hash, { state: 'older', cause, since }] as const),
      ),
    ]),
);

/** Counts builds by the result of their comparison with newer recipes. */
export function countFreshness(
  builds: Iterable<Pick<CatalogBuild, 'build'>>,
  catalog: ComparedCatalog,
): FreshnessCount {
  const all = Array.from(builds, (entry) => freshnessOf(entry, catalog));
  const count = (state: FreshnessState): number =>
    all.filter((freshness) => freshness.state === state).length;
  const [since] = all
    .flatMap((freshness) => freshness.since ?? [])
    .sort((left, right) => compareTexts(left.date, right.date));
  return {
    builds: {
      unknown: count('unknown'),
      current: count('current'),
      'no newer': count('no newer'),
      older: count('older'),
    },
    since,
  };
}

/**
 * Freshness in one sentence: `Older than recipes v2026.06.0: zlib-ng 2.2.5 is preferred.`
 * @param what word before the release; kinds of pages with thousands of instances leave it out
 */
export function freshnessText(
  { build }: Pick<CatalogBuild, 'build'>,
  catalog: ComparedCatalog,
  what = 'recipes ',
): string {
  const { state, cause } = freshnessOf({ build }, catalog);
  const release = `${what}${catalog.comparison?.release}`;
  if (state === 'older' && cause) return `Older than ${release}: ${causeText(cause, build.name)}.`;
  if (state === 'current') return `Current with ${release}.`;
  return state === 'no newer' ? `Nothing newer in ${release}.` : 'Not compared with newer recipes yet.';
}

/** Reason, in words, why newer recipes would give another build of the package `of`. */
export function causeText({ why, name, version, newest }: OlderCause, of: string): string {
  const own = (number: string): string => `${name === of ? 'version' : name} ${number}`;
  if (why === 'deprecated') return `${own(version)} is deprecated`;
  if (why === 'version-removed') return `${own(version)} is no longer in the recipes`;
  if (why === 'recipe-removed') return `the recipe of ${name} no longer exists`;
  return newest === undefined ? `the recipe of ${name} changed` : `${own(newest)} is preferred`;
}

/** `7 of 12`, `are older than recipes v2026.06.0, the first of them since 20 Jun 2026`. Undefined: nothing was compared. */
export function olderShare(
  { builds, since }: FreshnessCount,
  { comparison }: ComparedCatalog,
): { share: string; all: number; are: string } | undefined {
  if (!comparison) return undefined;
  const all = Object.values(builds).reduce((sum, count) => sum + count, 0);
  const first = since
    ? `${builds.older === 1 ? '' : ', the first of them'} since ${formatDate(since.date)}`
    : '';
  return {
    share: `${formatCount(builds.older)} of ${formatCount(all)}`,
    all,
    are: `${builds.older === 1 ? 'is' : 'are'} older than recipes ${comparison.release}${first}`,
  };
}

/** `7 of 12 builds are older than recipes v2026.06.0, the first of them since 20 Jun 2026`; empty: nothing was compared. */
export function olderText(count: FreshnessCount, catalog: ComparedCatalog, what = 'build'): string {
  const older = olderShare(count, catalog);
  return older ? `${older.share} ${older.all === 1 ? what : `${what}s`} ${older.are}` : '';
}
