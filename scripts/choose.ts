import { execFileSync } from 'node:child_process';
import { Argument } from 'commander';
import { chooseFor } from './choose/choose-for.ts';
import type { RunInputs } from './choose/run-inputs.ts';
import { reportChoice } from './choose/report.ts';
import { createCommand, readSettings, runCommand, variableOption } from './cli/command.ts';
import { expectBranch } from './commit/path-rules.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { annotate, setOutput } from './github/actions.ts';
import { openGitHub } from './github/api.ts';
import { readRepository } from './github/repository.ts';
import { resolveVersions } from './spack/latest.ts';
import { addPlaces, addVersionOptions } from './spack/spack-options.ts';
import { expectUsableSpack } from './spack/version.ts';

interface Options extends RunInputs {
  settings?: string;
}

const command = createCommand({
  verb: 'choose',
  description:
    'Chooses what to build and prints it as JSON: specs that a person names, random packages that are neither cached ' +
    'nor failed lately, or environments. Each option can also be set by the environment variable that its description names.',
  examples: [
    'node scripts/choose.ts manual --specs "zlib hdf5 +mpi ^openmpi" --target x86_64_v3',
    'node scripts/choose.ts scheduled --seed 4711 --count 25',
    'node scripts/choose.ts environment --environment my-stack',
  ],
})
  .addArgument(new Argument('<reason>', 'why the run began').choices(['manual', 'scheduled', 'environment']))
  .addOption(
    variableOption('--specs <SPECS>', 'manual: specs, one per line or as on Spack’s command line', 'SPECS'),
  )
  .addOption(variableOption('--environment <NAMES>', 'environment: names; empty: all', 'ENVIRONMENT'))
  .addOption(
    variableOption('--target <NAME>', 'a target of the settings; empty: as the reason has it', 'TARGET'),
  )
  .addOption(
    variableOption('--count <N>', 'scheduled: number of packages (default: from the settings)', 'COUNT'),
  )
  .addOption(variableOption('--seed <TEXT>', 'scheduled: decides the draw', 'GITHUB_RUN_ID', '0'))
  .addOption(variableOption('--fresh <BOOLEAN>', 'solve without regard to what is cached', 'FRESH', 'false'))
  .addOption(variableOption('--container <BOOLEAN>', 'publish runnable images too', 'CONTAINER', 'false'))
  .addOption(variableOption('--flags <FLAGS>', 'more options for spack install', 'INSTALL_FLAGS'))
  .action(choose);

await runCommand(addPlaces(addVersionOptions(command), readSettings().CATALOG_DIR));

async function choose(reason: string, { settings: file, ...options }: Options): Promise<void> {
  expectBranch(process.env);
  const settings = readSettingsFile(file);
  const versions = await resolveVersions(
    { spack: options.spack || settings.spack, packages: options.packages || settings.packages },
    process.env,
  );
  expectUsableSpack(versions.spack);
  setOutput('commit', laterCommit(process.env));
  await reportRepository(process.env);
  reportChoice(await chooseFor(reason, { ...options, ...versions }, settings), settings, versions);
}

/**
 * The commit that is checked out, whose scripts the later jobs of a run take, where it is a later one than the one that
 * started the run; else the empty text.
 */
function laterCommit({ GITHUB_SHA: started }: Record<string, string | undefined>): string {
  if (!started) return '';
  const head = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
  return head === started ? '' : head;
}

/**
 * Tells later jobs of a workflow whether this run publishes (on the default branch alone: the site is made from that),
 * whether the repository is private, and for how many days artifacts are kept. GitHub is asked: the event of a
 * schedule does not say. A private repository has 500 MB for artifacts in the free plan.
 */
async function reportRepository(environment: Record<string, string | undefined>): Promise<void> {
  if (!environment['GITHUB_OUTPUT']) return;
  const { defaultBranch, isPrivate } = await readRepository(openGitHub(environment));
  const branch = environment['GITHUB_REF_NAME'] ?? '';
  const publishes = branch === defaultBranch;
  if (!publishes) {
    annotate(
      'warning',
      `This run is for the branch ${branch} and publishes nothing: the site is made from ${defaultBranch} alone. ` +
        'It builds and checks, as a dry run does.',
    );
  }
  setOutput('publish', String(publishes));
  setOutput('private', String(isPrivate));
  setOutput('retention', isPrivate ? '1' : '7');
}
