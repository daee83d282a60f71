import { createCommand, runCommand } from './cli/command.ts';
import { concretizeRequests, readRequests } from './concretize/concretize.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { resolveVersions } from './spack/latest.ts';
import {
  addSpackOptions,
  addVersionOptions,
  type SpackOptions,
  type VersionOptions,
} from './spack/spack-options.ts';

type Options = SpackOptions &
  VersionOptions &
  Record<'out' | 'target' | 'repos', string> & { requests?: string };

const command = createCommand({
  verb: 'concretize',
  description:
    'Solves the requests of choose with a real Spack, drops what is cached, and writes a folder for each build: its ' +
    'environment, its lock and its plan (the hashes that it may produce). Runs no build script. ' +
    'SPACK_INSTALLED=true uses the Spack on PATH with its own recipes.',
  examples: [
    'node scripts/choose.ts manual --specs zlib | node scripts/concretize.ts --requests - --out .work/plans',
    'SPACK_INSTALLED=true node scripts/concretize.ts --requests requests.json --out .work/plans',
  ],
})
  .option('--requests <FILE>', 'output of choose, - for standard input (default: the variable REQUESTS)')
  .requiredOption('--out <DIR>', 'folder for the plans')
  .variable('--target <NAME>', 'only requests for this target; empty: all', 'TARGET')
  .variable('--repos <URLS>', 'more recipe repositories, https://host/path@tag', 'SPACK_REPOS')
  .action(concretize);

await runCommand(addSpackOptions(addVersionOptions(command)));

async function concretize({ requests, target, settings: file, ...options }: Options): Promise<void> {
  const settings = readSettingsFile(file);
  await concretizeRequests(readRequests(requests, target, process.env), {
    ...options,
    wanted: await resolveVersions(options, settings, process.env),
    settings,
  });
}
