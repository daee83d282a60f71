import { readCatalog } from './catalog/catalog.ts';
import { createCommand, readSettings, runCommand } from './cli/command.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { addSummary } from './github/actions.ts';
import { readPins } from './prune/pins.ts';
import { findStale } from './refresh/refresh.ts';
import { refreshText } from './refresh/report.ts';
import { resolveVersions } from './spack/latest.ts';
import { defaultSpackHome } from './spack/spack-home.ts';

interface Options {
  from: string;
  spack?: string;
  packages: string;
  own: string;
  home: string;
  settings?: string;
  json: boolean;
}

const settings = readSettings();

const command = createCommand({
  verb: 'refresh',
  description:
    'Says what newer recipes (and a newer Spack) mean for a cache: which builds are withdrawn, would come out different, ' +
    'may do so, or are proven unchanged, in what order to renew them and how many MiB that is. Changes nothing.',
  examples: [
    'node scripts/refresh.ts --packages latest',
    'node scripts/refresh.ts --from site/content --packages v2026.06.0 --spack v1.1.0 --json',
  ],
})
  .option('--from <DIR>', "the catalog's folder", settings.CATALOG_DIR)
  .requiredOption(
    '--packages <VERSION>',
    'tag or commit of spack-packages to compare with; latest: the newest release',
  )
  .option('--spack <VERSION>', 'tag or commit of Spack (default: from the settings)')
  .option('--own <DIR>', 'folder of your own recipes', '')
  .option('--home <DIR>', 'where Spack keeps its things', defaultSpackHome())
  .option('--settings <FILE>', "the owner's settings (default: .github/build-cache.yaml)")
  .option('--json', 'print the whole plan as JSON on standard output', false)
  .action(refresh);

await runCommand(command);

async function refresh({ from, packages, home, own, json, ...options }: Options): Promise<void> {
  const spack = options.spack ?? readSettingsFile(options.settings).spack;
  const wanted = await resolveVersions({ spack, packages }, process.env);
  const plan = await findStale(readCatalog(from), { wanted, home, own, pins: readPins(from) });
  if (json) process.stdout.write(`${JSON.stringify(plan, null, 2)}\n`);
  const text = refreshText(plan, wanted);
  addSummary(text);
  console.error(text);
}
