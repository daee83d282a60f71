import { join } from 'node:path';
import { readCatalog } from './catalog/catalog.ts';
import { chooseRebuild, writeRebuild } from './challenge/plan-rebuild.ts';
import { readAlike } from './challenge/record-alike.ts';
import { addPlaces, createCommand, parseNumber, runCommand } from './cli/command.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { addSummary, annotate, setOutput } from './github/actions.ts';
import { gatherRecipes, parseRecipeSources } from './spack/recipes.ts';
import { defaultSpackHome } from './spack/spack-home.ts';

type Options = Record<'builds' | 'count' | 'seed' | 'repos' | 'out' | 'home' | 'catalog', string> & {
  settings?: string;
};

const command = createCommand({
  verb: 'rebuild',
  description:
    'Plans to rebuild builds of the catalog from source, with the same Spack and recipes: writes a folder for ' +
    'build.ts, whose result challenge.ts compares with the cache. Runs no Spack and loads no recipe.',
  examples: [
    'node scripts/rebuild.ts --builds "zlib tree@2.1.0" --out .work/rebuild',
    'node scripts/rebuild.ts --count 3 --out .work/rebuild',
  ],
})
  .variable('--builds <SPECS>', 'NAME, NAME@VERSION or /HASH; empty: a random sample', 'BUILDS')
  .variable('--count <N>', 'size of the random sample', 'COUNT', '3')
  .variable('--seed <TEXT>', 'seed of the random choice', 'GITHUB_RUN_ID', '0')
  .variable('--repos <URLS>', 'more recipe repositories', 'SPACK_REPOS')
  .requiredOption('--out <DIR>', 'folder that receives the plan, as its subfolder "0"')
  .option('--home <DIR>', 'folder for fetched recipe repositories', defaultSpackHome())
  .action(rebuild);

await runCommand(addPlaces(command));

async function rebuild({ catalog: directory, ...options }: Options): Promise<void> {
  const catalog = readCatalog(directory);
  const wish = {
    words: options.builds.split(/\s+/).filter((word) => word !== ''),
    count: parseNumber('--count', options.count || '3', { from: 1, to: 50 }),
    seed: options.seed,
    alike: new Set(readAlike(directory).map(({ hash }) => hash)),
  };
  const choice = chooseRebuild(catalog, wish, readSettingsFile(options.settings));
  const { sources } = await gatherRecipes(
    parseRecipeSources(options.repos),
    '',
    join(options.home, 'rebuild'),
  );
  const entry = writeRebuild(choice, catalog.nodes, join(options.out, '0'), sources);
  for (const note of choice.notes) annotate('notice', note);
  const names = choice.builds.map(({ name, version, hash }) => `${name}@${version}/${hash}`);
  addSummary(`Rebuilt for ${entry.target}: ${names.join(', ')}`);
  for (const key of ['runner', 'container', 'inputs'] as const) setOutput(key, entry[key]);
  setOutput('hashes', choice.builds.map(({ hash }) => hash).join(' '));
  console.error(`to rebuild for ${entry.target}:\n${names.join('\n')}`);
}
