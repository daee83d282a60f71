import { readCatalog } from './catalog/catalog.ts';
import { createCommand, expectCatalog, readSettings, runCommand } from './cli/command.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { addSummary } from './github/actions.ts';
import { readRecipes, recordRecipes, writeRecipes } from './refresh/record-recipes.ts';
import { findStale } from './refresh/refresh.ts';
import { refreshText } from './refresh/refresh-plan.ts';
import { resolveVersions } from './spack/latest.ts';
import { addRecipeOptions } from './spack/spack-options.ts';

type Options = Record<'from' | 'own' | 'home' | 'repos', string> &
  Record<'json' | 'record', boolean> &
  Partial<Record<'spack' | 'packages' | 'settings' | 'recordTo' | 'recordFrom', string>>;

const command = createCommand({
  verb: 'refresh',
  description:
    'Reports the consequences of newer recipes (and a newer Spack) for a cache: which builds have a removed or deprecated version, would differ, ' +
    'may differ, or are proven unchanged, in which order to renew them, and their total size. Changes nothing, ' +
    'except that it can record what the recipes say about packages and builds.',
  examples: [
    'node scripts/refresh.ts --packages latest',
    'node scripts/refresh.ts --packages latest --record',
    'node scripts/refresh.ts --record-from recipes.json',
    'node scripts/refresh.ts --from site/content --packages v2026.06.0 --spack v1.1.0 --json',
  ],
})
  .option('--from <DIR>', "the catalog's folder", readSettings().CATALOG_DIR)
  .option('--packages <VERSION>', 'tag or commit of spack-packages to compare with, or latest')
  .option('--spack <VERSION>', 'tag or commit of Spack (default: from the settings)')
  .variable('--repos <URLS>', 'more recipe repositories', 'SPACK_REPOS')
  .option('--settings <FILE>', "the owner's settings (default: .github/build-cache.yaml)")
  .option('--record', 'write what the recipes say into packages/*.json and checks/recipes.json', false)
  .option('--record-to <FILE>', 'write what the recipes say into a file, for --record-from')
  .option('--record-from <FILE>', 'record from that file: runs no Spack and loads no recipe')
  .option('--json', 'print the whole plan as JSON on standard output', false)
  .action(refresh);

await runCommand(addRecipeOptions(command));

async function refresh({ from, json, record, recordTo, recordFrom, ...options }: Options): Promise<void> {
  expectCatalog('--from', from);
  const catalog = readCatalog(from);
  if (catalog.builds.size === 0) {
    console.error(`${from}: there are no builds yet, so nothing can be stale`);
    return;
  }
  if (recordFrom !== undefined) return recordRecipes(from, catalog, readRecipes(recordFrom));
  if (options.packages === undefined)
    throw new Error('expected --packages VERSION, such as --packages latest, or --record-from FILE');
  const wanted = await resolveVersions(options, readSettingsFile(options.settings), process.env);
  const { plan, recipes } = await findStale(from, catalog, { ...options, wanted });
  if (json) process.stdout.write(`${JSON.stringify(plan, null, 2)}\n`);
  const text = refreshText(plan, wanted);
  addSummary(text);
  if (recordTo !== undefined) writeRecipes(recordTo, recipes);
  if (record) recordRecipes(from, catalog, recipes);
  console.error(text);
}
