import { readCatalog } from '../../scripts/catalog/catalog.ts';
import { compareWithRecipes, type RecipeState } from '../../scripts/refresh/compare.ts';
import { planRefresh } from '../../scripts/refresh/refresh-plan.ts';

/**
 * Judges all builds of a catalog by invented recipes that differ for one package in five, and orders the
 * renewals: `node plan-refresh.ts CATALOG_DIR`.
 */
const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('expected a catalog');
const { builds, nodes: entries, environments } = readCatalog(directory);
const nodes = new Map([...entries].map(([hash, { node }]) => [hash, node]));
const states = new Map(
  [...nodes].map(([hash, { version }]): [string, RecipeState] => [
    hash,
    {
      state: 'known',
      package_hash: null,
      newest: version,
      reason: '',
      shared: ['autotools.py'],
      imports: [],
    },
  ]),
);
const names = [...new Set([...nodes.values()].map(({ name }) => name))];
const treesOf = (isChanged: (place: number) => boolean) => ({
  packages: new Map(names.map((name, place) => [name, isChanged(place) ? 'new' : 'old'])),
  shared: new Map([['autotools.py', 'old']]),
});
const oldTrees = treesOf(() => false);
const verdicts = compareWithRecipes([...builds.keys()], {
  nodes,
  states,
  oldTrees: () => oldTrees,
  newTrees: treesOf((place) => place % 5 === 0),
  isRuntime: () => false,
  sameSpack: () => true,
});
const plan = planRefresh(verdicts, {
  builds,
  nodes,
  environments: new Set([...environments.values()].flat()),
  pinned: new Set(),
});
console.error(JSON.stringify(plan.counts));
