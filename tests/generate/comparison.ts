import { RecipeComparison } from '../../site/schemas/checks/recipe-comparison.ts';
import type { History } from './history.ts';

const JUNE = { release: 'v2026.06.0', date: '2026-06-20T21:30:42Z' };

/** Invents a comparison with newer recipes: of five builds two are older, and one is of each other kind. */
export function inventComparison({ builds, nodes }: Pick<History, 'builds' | 'nodes'>): RecipeComparison {
  const hashes = [...builds.keys()].sort();
  const every = (rest: number): string[] => hashes.filter((_, index) => index % 5 === rest);
  return RecipeComparison.parse({
    ...JUNE,
    commit: 'd4f7c711a6a42f1c4d551c8fd10fce9a11340a81',
    current: every(0),
    noNewer: every(1),
    older: [
      ...every(2).map((hash) => {
        const { name = '', version = '' } = nodes.get(hash)?.node ?? {};
        return { why: 'version', name, version, newest: '99.1.0', hashes: [hash], since: JUNE };
      }),
      { why: 'recipe', name: 'hwloc', version: '2.11.1', hashes: every(3), since: JUNE },
    ],
  });
}
