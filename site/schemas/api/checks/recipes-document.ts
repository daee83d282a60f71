import { z } from 'zod';
import { OlderCause, OlderSince, RecipeComparison } from '../../checks/recipe-comparison.ts';
import { ListLinks, apiDocument, listOf } from '../link.ts';
import { Count } from '../../values.ts';

/** `/api/recipes.json`: comparison of the builds here with the newest recipes that were read. */
export const RecipesDocument = apiDocument(
  'How the builds here compare with the newest release of Spack’s recipes; which is which, the list of specs says in `freshness`.',
  {
    last: z
      .strictObject({
        ...RecipeComparison.pick({ release: true, commit: true, date: true }).shape,
        builds: z
          .strictObject({
            current: Count.describe('Solved with this release, or proven to come out the same.'),
            noNewer: Count.describe(
              'The release has no other version, source or patch of it, nor of what it needs to run.',
            ),
            older: Count.describe('The release would give another build.'),
            unknown: Count.describe('Not compared yet.'),
          })
          .describe('Number of builds of each kind.'),
        since: OlderSince.optional().describe(
          'Since which release the first of the older ones is so. Absent: none is older.',
        ),
      })
      .optional()
      .describe('The newest recipes that were read. Absent: none yet.'),
    older: listOf({
      ...OlderCause.shape,
      since: OlderSince.describe('Since which release it is so.'),
      builds: Count.describe('Number of builds.'),
    }).describe('Why builds are older, the reason of most of them first; of very many the first 500.'),
    links: ListLinks,
  },
);
export type RecipesDocument = z.infer<typeof RecipesDocument>;
