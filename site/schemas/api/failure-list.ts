import { z } from 'zod';
import { DagHash } from '../digest.ts';
import { Failure } from '../failure.ts';
import { PackageName } from '../node.ts';
import { Link, ListLinks, apiDocument, listOf, linksTo } from './link.ts';
import { Moment, Text } from '../values.ts';

/** `/api/failures.json`: builds that failed, the newest first. */
export const FailureList = apiDocument('Builds that failed. Scheduled builds retry after 30 days.', {
  failures: listOf({
    name: PackageName.describe('The package.'),
    spec: Text.describe("The spec as requested or concretized, in Spack's notation."),
    hash: DagHash.optional().describe('DAG hash. Absent: it failed before it was concretized.'),
    target: Text.optional().describe('The target. Absent: not known.'),
    kind: Failure.shape.kind.describe('Kind of failure.'),
    phase: Text.optional().describe("The phase of the recipe, in Spack's words."),
    date: Moment.describe('When it failed.'),
    run: z.url().optional().describe('The workflow run, with its log. Absent: not known.'),
    links: linksTo({ page: Link.describe('Its page.') }),
  }).describe('The newest first.'),
  links: ListLinks,
});
export type FailureList = z.infer<typeof FailureList>;
