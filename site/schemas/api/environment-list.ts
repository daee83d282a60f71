import type { z } from 'zod';
import { Coverage } from './coverage.ts';
import { Link, ListLinks, apiDocument, listOf, linksTo } from './link.ts';
import { Text } from '../values.ts';

/** `/api/environments.json`: environments, and how much of each has binaries. */
export const EnvironmentList = apiDocument('Environments and how much of each has binaries here.', {
  environments: listOf({
    name: Text.describe("The environment's name."),
    ...Coverage.pick({ needed: true, available: true, percent: true, downloadSize: true }).shape,
    links: linksTo({ environment: Link.describe('Details of the environment.') }),
  }).describe('Environments that have been concretized, by name.'),
  links: ListLinks,
});
export type EnvironmentList = z.infer<typeof EnvironmentList>;
