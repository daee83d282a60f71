import { appendFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { createCommand, runCommand } from './cli/command.ts';
import { installOras, ORAS_VERSION, readOrasVersion } from './oci/install-oras.ts';

const { RUNNER_TEMP, GITHUB_PATH } = process.env;

const command = createCommand({
  verb: 'install-oras',
  description:
    `Installs ORAS ${ORAS_VERSION}, which pushes to registries: downloads its release from GitHub, checks the sha256, and ` +
    'in a workflow adds it to PATH for the steps that follow. Does nothing if PATH has that version.',
  examples: ['node scripts/install-oras.ts', 'node scripts/install-oras.ts --to ~/.local/bin'],
})
  .option('--to <FOLDER>', 'folder for the program', RUNNER_TEMP ? `${RUNNER_TEMP}/oras` : '.work/oras')
  .action(install);

await runCommand(command);

async function install({ to }: { to: string }): Promise<void> {
  if (readOrasVersion('oras') === ORAS_VERSION) {
    console.error(`ORAS ${ORAS_VERSION} is on PATH already`);
    return;
  }
  const folder = dirname(resolve(await installOras(to)));
  if (GITHUB_PATH) await appendFile(GITHUB_PATH, `${folder}\n`);
  console.error(
    `installed ORAS ${ORAS_VERSION} in ${folder}${GITHUB_PATH ? '' : `; set ORAS=${folder}/oras, or put the folder on PATH`}`,
  );
}
