import { createCommand, parseNumber, runCommand } from './cli/command.ts';
import { isSiteCurrent } from './deploy/start-deploy.ts';
import { addSummary, annotate } from './github/actions.ts';
import { openGitHub } from './github/api.ts';
import { decideContinuation, nextRun, startNextRun, type NextOptions } from './waves/continue-run.ts';

type Options = NextOptions & Record<'round' | 'waiting' | 'published' | 'branch', string>;

const command = createCommand({
  verb: 'continue',
  description:
    'Starts the next run with the same locks at the end of a run that left builds waiting, once the site serves what this ' +
    'run built. Stops when a run built nothing new, and after 20 runs. Reads GITHUB_TOKEN (actions: write, contents: read), ' +
    'GITHUB_REPOSITORY and SITE_URL.',
  examples: [
    'WAITING=12 PUBLISHED=80 ENVIRONMENT=my-stack node scripts/continue.ts',
    'node scripts/continue.ts --waiting 3 --published 9 --specs \'["hdf5 +mpi"]\' --spack v1.1.0 --packages 0a1b2c3',
  ],
})
  .variable('--waiting <N>', 'builds that wait for a later run', 'WAITING', '0')
  .variable('--published <N>', 'builds that this run published', 'PUBLISHED', '0')
  .variable('--round <N>', 'runs before this one', 'ROUND', '0')
  .variable('--environment <NAMES>', 'environments: names; empty: all', 'ENVIRONMENT')
  .variable('--since <TIME>', 'environments: when the first of the runs began', 'SINCE')
  .variable('--specs <JSON>', 'waiting specs, as a JSON list; empty: environments', 'WAITING_SPECS', '[]')
  .variable('--spack <VERSION>', 'specs: the Spack that solved them', 'SPACK_VERSION')
  .variable('--packages <VERSION>', 'specs: the recipes that they were solved with', 'PACKAGES_VERSION')
  .variable('--repos <URLS>', 'specs: more recipe repositories', 'REPOS')
  .variable('--own <FOLDER>', "specs: the owner's recipes", 'OWN')
  .variable('--flags <FLAGS>', 'specs: more options for spack install', 'INSTALL_FLAGS')
  .variable('--fresh <BOOLEAN>', 'specs: solved without the cache', 'FRESH', 'false')
  .variable('--target <NAME>', 'a target of the settings; empty: all', 'TARGET')
  .variable('--container <BOOLEAN>', 'publish runnable images too', 'CONTAINER', 'false')
  .branch()
  .action(run);

const count = (name: string, text: string) => parseNumber(`--${name}`, text || '0', { from: 0 });

await runCommand(command);

async function run({ branch, ...options }: Options): Promise<void> {
  const round = count('round', options.round);
  const waiting = count('waiting', options.waiting);
  const published = count('published', options.published);
  const { continues, sentence } = decideContinuation({ round, waiting, published });
  if (continues) {
    const github = openGitHub(process.env, { isPatient: true });
    const isLive = () => isSiteCurrent(github, branch, process.env);
    await startNextRun(github, { round, branch, next: nextRun(options) }, isLive);
  }
  if (!continues && waiting > 0) annotate('warning', sentence);
  else console.error(sentence);
  addSummary(sentence);
}
