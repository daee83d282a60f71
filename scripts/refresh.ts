import { writeFileSync } from 'node:fs';
import { formatJson } from '../site/lib/json.ts';
import type { Catalog } from '../site/lib/catalog/catalog-files.ts';
import { readCatalog } from './catalog/catalog.ts';
import { addFiles } from './catalog/new-files.ts';
import { createCommand, readSettings, runCommand, variableOption } from './cli/command.ts';
import { readJson } from './cli/files.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { addSummary } from './github/actions.ts';
import { readPins } from './prune/pins.ts';
import { readDate } from './publish/origin.ts';
import { recordComparison } from './refresh/record-comparison.ts';
import { RecipesFile, recordPackages } from './refresh/record-packages.ts';
import type { RecipesRelease } from './refresh/record-packages.ts';
import { findStale } from './refresh/refresh.ts';
import { refreshText } from './refresh/report.ts';
import { resolveVersions } from './spack/latest.ts';
import { defaultSpackHome } from './spack/spack-home.ts';

interface Options {
  from: string;
  spack?: string;
  packages?: string;
  own: string;
  repos: string;
  home: string;
  settings?: string;
  json: boolean;
  record: boolean;
  recordTo?: string;
  recordFrom?: string;
}

const settings = readSettings();

const command = createCommand({
  verb: 'refresh',
  description:
    'Says what newer recipes (and a newer Spack) mean for a cache: which builds are withdrawn, would come out different, ' +
    'may do so, or are proven unchanged, in what order to renew them and how many MiB that is. Changes nothing, ' +
    'unless it is to record what the recipes say of packages and builds.',
  examples: [
    'node scripts/refresh.ts --packages latest',
    'node scripts/refresh.ts --packages latest --record',
    'node scripts/refresh.ts --record-from recipes.json',
    'node scripts/refresh.ts --from site/content --packages v2026.06.0 --spack v1.1.0 --json',
  ],
})
  .option('--from <DIR>', "the catalog's folder", settings.CATALOG_DIR)
  .option(
    '--packages <VERSION>',
    'tag or commit of spack-packages to compare with; latest: the newest release',
  )
  .option('--spack <VERSION>', 'tag or commit of Spack (default: from the settings)')
  .option('--own <DIR>', 'folder of your own recipes', process.env['OWN_PACKAGES'] ?? '')
  .addOption(variableOption('--repos <URLS>', 'more recipe repositories', 'SPACK_REPOS'))
  .option('--home <DIR>', 'folder for Spack itself, its caches and settings', defaultSpackHome())
  .option('--settings <FILE>', "the owner's settings (default: .github/build-cache.yaml)")
  .option(
    '--record',
    'write what the recipes say of packages and builds into packages/*.json and checks/recipes.json',
    false,
  )
  .option('--record-to <FILE>', 'write what the recipes say into a file, for --record-from')
  .option('--record-from <FILE>', 'record from that file: runs no Spack and loads no recipe')
  .option('--json', 'print the whole plan as JSON on standard output', false)
  .action(refresh);

await runCommand(command);

async function refresh({
  from,
  home,
  own,
  repos,
  json,
  record,
  recordTo,
  recordFrom,
  ...options
}: Options): Promise<void> {
  const catalog = readCatalog(from);
  if (catalog.builds.size === 0) {
    console.error(`${from}: there are no builds yet, so nothing can be stale`);
    return;
  }
  if (recordFrom !== undefined) {
    const advice = 'write it with refresh --packages VERSION --record-to FILE';
    recordRecipes(from, catalog, readJson(recordFrom, RecipesFile, { advice }));
    return;
  }
  if (options.packages === undefined) {
    throw new Error('expected --packages VERSION, such as --packages latest, or --record-from FILE');
  }
  const spack = options.spack ?? readSettingsFile(options.settings).spack;
  const wanted = await resolveVersions({ spack, packages: options.packages }, process.env);
  const { plan, ...found } = await findStale(catalog, {
    wanted,
    home,
    own,
    repos,
    pins: readPins(from),
  });
  if (json) process.stdout.write(`${JSON.stringify(plan, null, 2)}\n`);
  const text = refreshText(plan, wanted);
  addSummary(text);
  const recipes: RecipesFile = { name: wanted.packages, ...found };
  if (recordTo !== undefined) writeFileSync(recordTo, formatJson(recipes));
  if (record) recordRecipes(from, catalog, recipes);
  console.error(text);
}

/** Of packages and builds that are here: recipes have no say in others. */
function recordRecipes(
  folder: string,
  { nodes, builds }: Catalog,
  { packages, builds: verdicts, ...recipes }: RecipesFile,
): void {
  const here = new Set([...nodes.values()].map(({ node }) => node.name));
  const release: RecipesRelease = { ...recipes, now: readDate(process.env, new Date()) };
  const files = recordPackages(
    packages.filter(({ name }) => here.has(name)),
    release,
    folder,
  );
  const comparison = recordComparison(verdicts, release, new Set(builds.keys()), folder);
  addFiles(folder, [...files, ...comparison]);
  console.error(`${files.length} packages updated in ${folder}`);
}
