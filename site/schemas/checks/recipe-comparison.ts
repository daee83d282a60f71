import { z } from 'zod';
import { DagHash } from '../digest.ts';
import { PackageName } from '../node.ts';
import { isSafeText } from '../safe-text.ts';
import { Moment, Text } from '../values.ts';

/** More builds than any cache has. */
const MOST = 100_000;
const Hashes = z.array(DagHash).max(MOST);
const Version = Text.min(1).max(100).refine(isSafeText);

/** Reason why newer recipes would give another build: a change to one package in its DAG. */
export const OlderCause = z.strictObject({
  why: z
    .enum(['recipe', 'version', 'deprecated', 'version-removed', 'recipe-removed'])
    .describe(
      '`recipe`: its recipe, sources or patches changed. `version`: the recipe prefers another version. ' +
        '`deprecated`: the recipe advises against the version. `version-removed`: it no longer has the version. ' +
        '`recipe-removed`: the recipe no longer exists.',
    ),
  name: PackageName.describe('The package: that of the build, or of a run-time dependency.'),
  version: Version.describe('Its version here.'),
  newest: Version.optional().describe(
    'The version that the newer recipe prefers. Absent: the same one, or none.',
  ),
});
export type OlderCause = z.infer<typeof OlderCause>;

/** Builds that are older for one reason. */
const OlderBuilds = z.strictObject({ ...OlderCause.shape, hashes: Hashes.min(1) });

/** Comparison of builds with newer recipes. Each build is in at most one list; nothing is known of the others. */
export const BuildVerdicts = z.strictObject({
  /** Builds proven to come out the same. */
  current: Hashes,
  /** Builds for which newer recipes have no other version, source or patch, nor for their run-time needs. */
  noNewer: Hashes,
  older: z.array(OlderBuilds).max(MOST),
});
export type BuildVerdicts = z.infer<typeof BuildVerdicts>;

/** First finding that a build is older. */
export const OlderSince = z.strictObject({
  release: Version.describe('Release of the recipes that it was first found to be older than.'),
  date: Moment.describe('Date of these recipes: UTC, whole seconds.'),
});
export type OlderSince = z.infer<typeof OlderSince>;

/** `checks/recipes.json`: comparison of builds with the newest recipes that were read. Lists are sorted. */
export const RecipeComparison = z.strictObject({
  release: OlderSince.shape.release,
  commit: Text.regex(/^[0-9a-f]{40}$/).describe('Commit of spack-packages.'),
  date: OlderSince.shape.date,
  ...BuildVerdicts.shape,
  older: z.array(z.strictObject({ ...OlderBuilds.shape, since: OlderSince })).max(MOST),
});
export type RecipeComparison = z.infer<typeof RecipeComparison>;

/**
 * Results of comparing a build with the newest recipes that were read. `current`: solved with them, or proven
 * to come out the same. `no newer`: they have no other version, source or patch for it, nor for its run-time
 * dependencies.
 */
export const FRESHNESS = ['unknown', 'current', 'no newer', 'older'] as const;
export type FreshnessState = (typeof FRESHNESS)[number];
