import { createCommand, runCommand, variableOption } from './cli/command.ts';
import { isSiteCurrent } from './deploy/start-deploy.ts';
import { addSummary, annotate } from './github/actions.ts';
import { openGitHub } from './github/api.ts';
import { decideContinuation, startNextRun } from './waves/continue-run.ts';

type Options = Record<
  'round' | 'waiting' | 'published' | 'environment' | 'target' | 'container' | 'branch',
  string
>;

const command = createCommand({
  verb: 'continue',
  description:
    'At the end of a run of environments that left builds waiting: starts the next run with the same locks, once the site ' +
    'serves what this run built. Stops when a run built nothing new, and after 20 runs. Reads GITHUB_TOKEN (actions: write, ' +
    'contents: read), GITHUB_REPOSITORY and SITE_URL.',
  examples: ['WAITING=12 PUBLISHED=80 ENVIRONMENT=my-stack node scripts/continue.ts'],
})
  .addOption(variableOption('--waiting <N>', 'builds that wait for a later run', 'WAITING', '0'))
  .addOption(variableOption('--published <N>', 'builds that this run published', 'PUBLISHED', '0'))
  .addOption(variableOption('--round <N>', 'runs before this one', 'ROUND', '0'))
  .addOption(variableOption('--environment <NAMES>', 'names; empty: all', 'ENVIRONMENT'))
  .addOption(variableOption('--target <NAME>', 'a target of the settings; empty: all', 'TARGET'))
  .addOption(variableOption('--container <BOOLEAN>', 'publish runnable images too', 'CONTAINER', 'false'))
  .addOption(variableOption('--branch <NAME>', 'the branch that the run is for', 'GITHUB_REF_NAME'))
  .action(run);

await runCommand(command);

async function run({ branch, environment, target, container, ...options }: Options): Promise<void> {
  const [round, waiting, published] = (['round', 'waiting', 'published'] as const).map((name) => {
    const count = Number(options[name] || '0');
    if (Number.isInteger(count) && count >= 0) return count;
    throw new Error(`--${name}: expected a number, found "${options[name].slice(0, 40)}"`);
  });
  if (!branch) throw new Error('expected --branch or GITHUB_REF_NAME to name the branch to continue on');
  const counts = { round: round ?? 0, waiting: waiting ?? 0, published: published ?? 0 };
  const { continues, sentence } = decideContinuation(counts);
  if (continues) {
    const github = openGitHub(process.env);
    const next = { ...counts, environment, target, container: container === 'true', branch };
    await startNextRun(github, next, () => isSiteCurrent(github, branch, process.env));
  }
  if (!continues && counts.waiting > 0) annotate('warning', sentence);
  else console.error(sentence);
  addSummary(sentence);
}
