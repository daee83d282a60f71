import { Argument, Option } from 'commander';
import { microarchitectureOf } from '../site/schemas/build-cache-settings.ts';
import { parseSettings } from '../site/schemas/settings.ts';
import { chooseEnvironments, chooseManual, chooseScheduled } from './choose/choose.ts';
import type { Choice } from './choose/choose.ts';
import { targetsOf } from './choose/requests.ts';
import { splitFlags } from './choose/split-specs.ts';
import { createCommand, runCommand } from './command.ts';
import { addSummary, escapeMarkdown, setOutput } from './github/job.ts';
import { readSettingsFile } from './github/settings-file.ts';
import { expectUsableSpack } from './spack/version.ts';

interface Options {
  specs: string;
  environment: string;
  target: string;
  count: string;
  seed: string;
  fresh: string;
  container: string;
  flags: string;
  spack: string;
  packages: string;
  catalog: string;
  settings?: string;
}

type Reason = 'manual' | 'scheduled' | 'environment';

const { CATALOG_DIR } = parseSettings(process.env);

const command = createCommand({
  verb: 'choose',
  description:
    'Chooses what to build and prints it as JSON: specs that a person names, random packages that are neither cached ' +
    'nor failed lately, or environments. Each option may come from the environment variable that is named beside it.',
  examples: [
    'node scripts/choose.ts manual --specs "zlib hdf5 +mpi ^openmpi" --target x86_64_v3',
    'node scripts/choose.ts scheduled --seed 4711 --count 25',
    'node scripts/choose.ts environment --environment my-stack',
  ],
})
  .addArgument(new Argument('<reason>', 'why the run began').choices(['manual', 'scheduled', 'environment']))
  .addOption(option('--specs <SPECS>', 'manual: specs, one a line or as on Spack’s command line', 'SPECS'))
  .addOption(option('--environment <NAMES>', 'environment: names; empty: all', 'ENVIRONMENT'))
  .addOption(option('--target <NAME>', 'a target of the settings; empty: as the reason has it', 'TARGET'))
  .addOption(option('--count <N>', 'scheduled: how many packages; empty: as set', 'COUNT'))
  .addOption(option('--seed <TEXT>', 'scheduled: decides the draw', 'GITHUB_RUN_ID', '0'))
  .addOption(option('--fresh <BOOLEAN>', 'solve without regard to what is cached', 'FRESH', 'false'))
  .addOption(option('--container <BOOLEAN>', 'publish runnable images too', 'CONTAINER', 'false'))
  .addOption(option('--flags <FLAGS>', 'more options for spack install', 'INSTALL_FLAGS'))
  .addOption(option('--spack <VERSION>', 'tag or commit of Spack; empty: as set', 'SPACK_VERSION'))
  .addOption(
    option('--packages <VERSION>', 'tag or commit of spack-packages; empty: as set', 'PACKAGES_VERSION'),
  )
  .option('--catalog <DIR>', "the catalog's folder", CATALOG_DIR)
  .option('--settings <FILE>', "the owner's settings (default: .github/build-cache.yaml)")
  .action(choose);

await runCommand(command);

async function choose(reason: Reason, given: Options): Promise<void> {
  const settings = readSettingsFile(given.settings);
  expectUsableSpack(given.spack || settings.spack);
  const choice = await decide(reason, given, settings);
  const { requests, reasons } = choice;
  const targets = targetsOf(requests, settings.targets).map((target) => ({
    target: target.name,
    microarchitecture: microarchitectureOf(target),
    runner: target.runner,
    container: target.container ?? '',
  }));
  process.stdout.write(`${JSON.stringify(requests)}\n`);
  setOutput('requests', JSON.stringify(requests));
  setOutput('targets', JSON.stringify(targets));
  setOutput('count', String(requests.length));
  report(choice);
  console.error(`${reasons.join('\n')}\n${requests.length} build requests chosen`);
}

function decide(
  reason: Reason,
  given: Options,
  settings: ReturnType<typeof readSettingsFile>,
): Choice | Promise<Choice> {
  const options = {
    fresh: parseBoolean('fresh', given.fresh),
    container: parseBoolean('container', given.container),
    flags: splitFlags(given.flags),
  };
  const { target, catalog } = given;
  if (reason === 'manual') return chooseManual(given.specs, target, settings, options);
  if (reason === 'environment') {
    const names = given.environment.split(/[\s,]+/).filter((name) => name !== '');
    return chooseEnvironments(names, target, catalog, settings, options);
  }
  const draw = {
    seed: given.seed,
    count: given.count === '' ? settings.schedulePackages : parseCount(given.count),
    target,
    catalog,
    packagesVersion: given.packages || settings.packages,
    date: new Date(),
    environment: process.env,
  };
  return chooseScheduled(draw, settings, options);
}

function report({ requests, reasons }: Choice): void {
  const rows = requests.map(({ specs, environment, target }) => {
    const what = environment === undefined ? specs.join(' ') : `environment ${environment}`;
    return `| ${escapeMarkdown(what)} | ${escapeMarkdown(target)} |`;
  });
  const table = rows.length === 0 ? [] : ['', '| to build | for |', '| --- | --- |', ...rows];
  addSummary(['### Chosen', '', ...reasons.map((line) => `* ${escapeMarkdown(line)}`), ...table].join('\n'));
}

function parseBoolean(name: string, text: string): boolean {
  if (['', 'false', 'no', '0'].includes(text)) return false;
  if (['true', 'yes', '1'].includes(text)) return true;
  throw new Error(`${name}: expected true or false, found "${text.slice(0, 40)}"`);
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new Error(`count: expected a number of packages from 1 to 256, found "${text.slice(0, 40)}"`);
}

function option(flags: string, description: string, variable: string, otherwise = ''): Option {
  return new Option(flags, description).env(variable).default(otherwise);
}
