import { z } from 'zod';
import { DagHash } from '../digest.ts';
import { PackageName } from '../node.ts';
import { isSafeText } from '../safe-text.ts';
import { Moment, Text } from '../values.ts';

/** More than any cache has builds. */
const MOST = 100_000;
const Hashes = z.array(DagHash).max(MOST);
const Version = Text.min(1).max(100).refine(isSafeText);

/** Why newer recipes would give another build: what they say of one package of its DAG. */
export const OlderCause = z.strictObject({
  why: z
    .enum(['recipe', 'version', 'deprecated', 'version-removed', 'recipe-removed'])
    .describe(
      '`recipe`: its recipe, sources or patches changed. `version`: the recipe prefers another version. ' +
        '`deprecated`, `version-removed`: the recipe advises against the version, or has it no more. ' +
        '`recipe-removed`: there is no such recipe.',
    ),
  name: PackageName.describe('The package: the build itself, or something that it needs to run.'),
  version: Version.describe('Its version here.'),
  newest: Version.optional().describe(
    'The version that the newer recipe prefers. Absent: the same, or none.',
  ),
});
export type OlderCause = z.infer<typeof OlderCause>;

/** Builds that are older for one reason. */
const OlderBuilds = z.strictObject({ ...OlderCause.shape, hashes: Hashes.min(1) });

/** How builds compare with newer recipes, each in one of the lists; of builds in none it is not known. */
export const BuildVerdicts = z.strictObject({
  /** Proven to come out the same. */
  current: Hashes,
  /** The newer recipes have no other version, source or patch of them, nor of what they need to run. */
  noNewer: Hashes,
  older: z.array(OlderBuilds).max(MOST),
});
export type BuildVerdicts = z.infer<typeof BuildVerdicts>;

/** When a build was first found to be older. */
export const OlderSince = z.strictObject({
  release: Version.describe('The recipes that it was first found to be older than.'),
  date: Moment.describe('Date of these recipes: UTC, whole seconds.'),
});
export type OlderSince = z.infer<typeof OlderSince>;

/** `checks/recipes.json`: how builds compare with the newest recipes that were read. Lists are sorted. */
export const RecipeComparison = z.strictObject({
  release: OlderSince.shape.release,
  commit: Text.regex(/^[0-9a-f]{40}$/).describe('Commit of spack-packages.'),
  date: OlderSince.shape.date,
  ...BuildVerdicts.shape,
  older: z.array(z.strictObject({ ...OlderBuilds.shape, since: OlderSince })).max(MOST),
});
export type RecipeComparison = z.infer<typeof RecipeComparison>;

/**
 * How a build compares with the newest recipes that were read. `current`: solved with them, or proven to come out the
 * same. `no newer`: they have no other version, source or patch of it, nor of what it needs to run.
 */
export const FRESHNESS = ['unknown', 'current', 'no newer', 'older'] as const;
export type FreshnessState = (typeof FRESHNESS)[number];
