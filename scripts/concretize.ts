import { createCommand, readSettings, runCommand, variableOption } from './command.ts';
import { concretizeRequests } from './concretize/concretize.ts';
import { readRequests } from './concretize/read-requests.ts';
import { readSettingsFile } from './github/settings-file.ts';
import { defaultSpackHome } from './spack/spack-home.ts';

interface Options {
  requests?: string;
  out: string;
  target: string;
  spack: string;
  packages: string;
  repos: string;
  own: string;
  catalog: string;
  site: string;
  registry: string;
  home: string;
  settings?: string;
}

const { CATALOG_DIR, SITE_URL, REGISTRY } = readSettings();

const command = createCommand({
  verb: 'concretize',
  description:
    'Solves what choose chose with a real Spack, drops what is cached, and writes a folder for each build: its ' +
    'environment, its lock and its plan (the hashes it may produce). Runs no build script. SPACK_INSTALLED=true takes ' +
    'the Spack on PATH with its own recipes.',
  examples: [
    'node scripts/choose.ts manual --specs zlib | node scripts/concretize.ts --requests - --out .work/plans',
    'SPACK_INSTALLED=true node scripts/concretize.ts --requests requests.json --out .work/plans',
  ],
})
  .option('--requests <FILE>', 'what choose printed, - for standard input (default: the variable REQUESTS)')
  .requiredOption('--out <DIR>', 'where the plans go')
  .addOption(variableOption('--target <NAME>', 'only requests for this target; empty: all', 'TARGET'))
  .addOption(variableOption('--spack <VERSION>', 'tag or commit of Spack; empty: as set', 'SPACK_VERSION'))
  .addOption(
    variableOption(
      '--packages <VERSION>',
      'tag or commit of spack-packages; empty: as set',
      'PACKAGES_VERSION',
    ),
  )
  .addOption(
    variableOption('--repos <URLS>', 'more recipe repositories, https://host/path@tag', 'SPACK_REPOS'),
  )
  .addOption(variableOption('--own <DIR>', 'folder of your own recipes', 'OWN_PACKAGES'))
  .option('--catalog <DIR>', "the catalog's folder", CATALOG_DIR)
  .option('--site <URL>', 'this cache, to reuse from', SITE_URL)
  .option('--registry <REGISTRY>', 'its registry, for what the site cannot hold', REGISTRY)
  .option('--home <DIR>', 'where Spack keeps its things', defaultSpackHome())
  .option('--settings <FILE>', "the owner's settings (default: .github/build-cache.yaml)")
  .action(concretize);

await runCommand(command);

async function concretize(given: Options): Promise<void> {
  const settings = readSettingsFile(given.settings);
  const requests = readRequests(given.requests, given.target, process.env);
  await concretizeRequests(requests, {
    out: given.out,
    home: given.home,
    catalog: given.catalog,
    siteUrl: given.site,
    registry: given.registry,
    wanted: { spack: given.spack || settings.spack, packages: given.packages || settings.packages },
    repos: given.repos,
    own: given.own,
    settings,
  });
}
