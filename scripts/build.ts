import { buildPlan } from './build/build.ts';
import { readInputs } from './build/inputs.ts';
import { INSTALL_ROOT } from './build/install-root.ts';
import { reportBuild } from './build/report.ts';
import { createCommand, readSettings, runCommand, variableOption } from './command.ts';
import { readSettingsFile } from './github/settings-file.ts';
import { defaultSpackHome } from './spack/spack-home.ts';

interface Options {
  plan: string;
  out: string;
  inputsSha256: string;
  minutes: string;
  root: string;
  own: string;
  catalog: string;
  site: string;
  registry: string;
  home: string;
  settings?: string;
}

const { CATALOG_DIR, SITE_URL, REGISTRY } = readSettings();

const command = createCommand({
  verb: 'build',
  description:
    'Builds what concretize planned with a real Spack and hands over what succeeded: an unsigned build cache and a ' +
    'record of the rest. Packages that fail are told in the record, and are no error of this script.',
  examples: [
    'node scripts/build.ts --plan .work/plans/0 --out .work/handover',
    'SPACK_INSTALLED=true node scripts/build.ts --plan .work/plans/0 --out .work/handover --root /tmp/software',
  ],
})
  .requiredOption('--plan <DIR>', 'a folder that concretize wrote')
  .requiredOption('--out <DIR>', 'where cache/ and record.json go; what is there goes away')
  .addOption(variableOption('--inputs-sha256 <HEX>', 'refuse other inputs than these', 'INPUTS_SHA256'))
  .addOption(
    variableOption(
      '--minutes <N>',
      'stop after so long and hand over what is there; empty: as set',
      'BUILD_MINUTES',
    ),
  )
  .addOption(variableOption('--root <DIR>', 'where to install', 'INSTALL_ROOT', INSTALL_ROOT))
  .addOption(variableOption('--own <DIR>', 'folder of your own recipes', 'OWN_PACKAGES'))
  .option('--catalog <DIR>', "the catalog's folder", CATALOG_DIR)
  .option('--site <URL>', 'this cache, to take from', SITE_URL)
  .option('--registry <REGISTRY>', 'its registry, for what the site cannot hold', REGISTRY)
  .option('--home <DIR>', 'where Spack keeps its things', defaultSpackHome())
  .option('--settings <FILE>', "the owner's settings (default: .github/build-cache.yaml)")
  .action(build);

await runCommand(command);

async function build(given: Options): Promise<void> {
  const settings = readSettingsFile(given.settings);
  const inputs = readInputs(given.plan, given.inputsSha256);
  const record = await buildPlan({
    plan: given.plan,
    inputs,
    out: given.out,
    home: given.home,
    catalog: given.catalog,
    siteUrl: given.site,
    registry: given.registry,
    installRoot: given.root || INSTALL_ROOT,
    own: given.own,
    minutes: given.minutes === '' ? settings.buildMinutes : parseMinutes(given.minutes),
  });
  reportBuild(inputs, record);
}

function parseMinutes(text: string): number {
  const minutes = Number(text);
  if (minutes > 0 && minutes < 10_000) return minutes;
  throw new Error(`minutes: expected a number above 0, found "${text.slice(0, 40)}"`);
}
