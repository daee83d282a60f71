import { z } from 'zod';
import { createCommand, runCommand, variableOption } from './cli/command.ts';
import { isSiteCurrent } from './deploy/start-deploy.ts';
import { addSummary, annotate } from './github/actions.ts';
import { openGitHub } from './github/api.ts';
import { continueList, decideContinuation, startNextRun } from './waves/continue-run.ts';
import type { NextRun } from './waves/continue-run.ts';

type Options = Record<
  | 'round'
  | 'waiting'
  | 'published'
  | 'environment'
  | 'target'
  | 'container'
  | 'branch'
  | 'specs'
  | 'spack'
  | 'packages'
  | 'repos'
  | 'own'
  | 'flags'
  | 'fresh',
  string
>;

const command = createCommand({
  verb: 'continue',
  description:
    'At the end of a run that left builds waiting: starts the next run with the same locks, once the site serves what this ' +
    'run built. Stops when a run built nothing new, and after 20 runs. Reads GITHUB_TOKEN (actions: write, contents: read), ' +
    'GITHUB_REPOSITORY and SITE_URL.',
  examples: [
    'WAITING=12 PUBLISHED=80 ENVIRONMENT=my-stack node scripts/continue.ts',
    'node scripts/continue.ts --waiting 3 --published 9 --specs \'["hdf5 +mpi"]\' --spack v1.1.0 --packages 0a1b2c3',
  ],
})
  .addOption(variableOption('--waiting <N>', 'builds that wait for a later run', 'WAITING', '0'))
  .addOption(variableOption('--published <N>', 'builds that this run published', 'PUBLISHED', '0'))
  .addOption(variableOption('--round <N>', 'runs before this one', 'ROUND', '0'))
  .addOption(variableOption('--environment <NAMES>', 'environments: names; empty: all', 'ENVIRONMENT'))
  .addOption(
    variableOption('--specs <JSON>', 'specs that wait, a list; without: environments', 'WAITING_SPECS', '[]'),
  )
  .addOption(variableOption('--spack <VERSION>', 'specs: the Spack that solved them', 'SPACK_VERSION'))
  .addOption(
    variableOption('--packages <VERSION>', 'specs: the recipes they were solved with', 'PACKAGES_VERSION'),
  )
  .addOption(variableOption('--repos <URLS>', 'specs: more recipe repositories', 'REPOS'))
  .addOption(variableOption('--own <FOLDER>', "specs: the owner's recipes", 'OWN'))
  .addOption(variableOption('--flags <FLAGS>', 'specs: more options for spack install', 'INSTALL_FLAGS'))
  .addOption(variableOption('--fresh <BOOLEAN>', 'specs: solved without the cache', 'FRESH', 'false'))
  .addOption(variableOption('--target <NAME>', 'a target of the settings; empty: all', 'TARGET'))
  .addOption(variableOption('--container <BOOLEAN>', 'publish runnable images too', 'CONTAINER', 'false'))
  .addOption(variableOption('--branch <NAME>', 'the branch that the run is for', 'GITHUB_REF_NAME'))
  .action(run);

await runCommand(command);

async function run({ branch, ...options }: Options): Promise<void> {
  const [round = 0, waiting = 0, published = 0] = (['round', 'waiting', 'published'] as const).map((name) => {
    const count = Number(options[name] || '0');
    if (Number.isInteger(count) && count >= 0) return count;
    throw new Error(`--${name}: expected a number, found "${options[name].slice(0, 40)}"`);
  });
  if (!branch) throw new Error('expected --branch or GITHUB_REF_NAME to name the branch to continue on');
  const { continues, sentence } = decideContinuation({ round, waiting, published });
  if (continues) {
    const github = openGitHub(process.env);
    await startNextRun(github, { round, branch, next: nextRun(options) }, () =>
      isSiteCurrent(github, branch, process.env),
    );
  }
  if (!continues && waiting > 0) annotate('warning', sentence);
  else console.error(sentence);
  addSummary(sentence);
}

function nextRun({ environment, target, container, ...list }: Omit<Options, 'branch'>): NextRun {
  const specs = z.array(z.string()).parse(JSON.parse(list.specs || '[]'));
  if (specs.length === 0) return { workflow: 'environment.yml', inputs: { environment, target, container } };
  const { repos, own, flags, fresh, spack, packages } = list;
  return continueList({ specs, inputs: { target, repos, own, flags, fresh, container }, spack, packages });
}
