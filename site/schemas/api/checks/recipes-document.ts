import { z } from 'zod';
import { OlderCause, OlderSince, RecipeComparison } from '../../checks/recipe-comparison.ts';
import { ListLinks, apiDocument, listOf } from '../link.ts';
import { Count } from '../../values.ts';

/** `/api/recipes.json`: comparison of the builds here with the newest recipes that were read. */
export const RecipesDocument = apiDocument(
  'Comparison of the builds here with the newest release of Spack’s recipes. `freshness` in the list of specs has the result of each build.',
  {
    last: z
      .strictObject({
        ...RecipeComparison.pick({ release: true, commit: true, date: true }).shape,
        builds: z
          .strictObject({
            current: Count.describe('Solved with this release, or proven to come out the same.'),
            noNewer: Count.describe(
              'The release has no other version, source or patch for it, nor for its run-time dependencies.',
            ),
            older: Count.describe('The release would give another build.'),
            unknown: Count.describe('Not compared yet.'),
          })
          .describe('Number of builds of each kind.'),
        since: OlderSince.optional().describe(
          'Release since which the first of them has been older. Absent: none is older.',
        ),
      })
      .optional()
      .describe('The newest recipes that were read. Absent: none yet.'),
    older: listOf({
      ...OlderCause.shape,
      since: OlderSince.describe('Release since which they have been older.'),
      builds: Count.describe('Number of builds.'),
    }).describe('Reasons why builds are older, the most frequent first; at most 500.'),
    links: ListLinks,
  },
);
export type RecipesDocument = z.infer<typeof RecipesDocument>;
