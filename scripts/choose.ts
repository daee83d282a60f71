import { Argument } from 'commander';
import { chooseFor } from './choose/choose.ts';
import type { RunInputs } from './choose/run-inputs.ts';
import { laterCommit, reportChoice, reportNewer, reportRepository } from './choose/report.ts';
import { addPlaces, createCommand, runCommand } from './cli/command.ts';
import { expectBranch } from './commit/catalog-owner.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { setOutput } from './github/actions.ts';
import { readDate } from './publish/origin.ts';
import { resolveVersions } from './spack/latest.ts';
import { addVersionOptions } from './spack/spack-options.ts';
import { expectUsableSpack } from './spack/install-spack.ts';

type Options = RunInputs & { settings?: string };

const command = createCommand({
  verb: 'choose',
  description:
    'Chooses what to build and prints it as JSON: given specs, random packages that are neither cached ' +
    'nor failed recently, or environments. Each option can also be set by the environment variable that its description names.',
  examples: [
    'node scripts/choose.ts manual --specs "zlib hdf5 +mpi ^openmpi" --target x86_64_v3',
    'node scripts/choose.ts scheduled --seed 4711 --count 25',
    'node scripts/choose.ts environment --environment my-stack',
  ],
})
  .addArgument(new Argument('<REASON>', 'reason for the run').choices(['manual', 'scheduled', 'environment']))
  .variable('--specs <SPECS>', 'manual: specs, one per line or as on Spack’s command line', 'SPECS')
  .variable('--environment <NAMES>', 'environment: names; empty: all', 'ENVIRONMENT')
  .variable('--target <NAME>', 'a target of the settings; empty: depends on the reason', 'TARGET')
  .variable('--count <N>', 'scheduled: number of packages (default: from the settings)', 'COUNT')
  .variable('--seed <TEXT>', 'scheduled: seed of the random choice', 'GITHUB_RUN_ID', '0')
  .variable('--fresh <BOOLEAN>', 'solve as if nothing were cached', 'FRESH', 'false')
  .variable('--container <BOOLEAN>', 'also publish runnable images', 'CONTAINER', 'false')
  .variable('--flags <FLAGS>', 'more options for spack install', 'INSTALL_FLAGS')
  .variable('--since <TIME>', 'environment: do not retry what has failed since', 'SINCE')
  .action(choose);

await runCommand(addPlaces(addVersionOptions(command)));

async function choose(reason: string, { settings: file, ...options }: Options): Promise<void> {
  expectBranch(process.env);
  const settings = readSettingsFile(file);
  const versions = await resolveVersions(options, settings, process.env);
  expectUsableSpack(versions.spack);
  setOutput('commit', await laterCommit(process.env));
  setOutput('since', options.since || readDate(process.env, new Date()));
  await reportRepository(process.env);
  await reportNewer(settings, process.env);
  reportChoice(await chooseFor(reason, { ...options, ...versions }, settings), settings, versions);
}
