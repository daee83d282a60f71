import { addPlaces, createCommand, parseNumber, runCommand } from './cli/command.ts';
import { lookAtRelease, startDeploy } from './deploy/start-deploy.ts';
import { addSummary, annotate } from './github/actions.ts';
import { openGitHub } from './github/api.ts';

const command = createCommand({
  verb: 'start-deploy',
  description:
    'Starts the workflow deploy.yml at the end of a run, if the run has committed something or the live site is behind ' +
    'the branch, and prints its decision. When GitHub Pages is off, it prints what to click and succeeds. Also ' +
    'starts newer-releases.yml when the run used newer recipes than builds were last compared with. Reads ' +
    'GITHUB_TOKEN (actions: write, contents: read, pages: read), GITHUB_REPOSITORY and SITE_URL.',
  examples: [
    'node scripts/start-deploy.ts --committed 3',
    'GITHUB_TOKEN="$(gh auth token)" GITHUB_REPOSITORY=owner/repo node scripts/start-deploy.ts --branch main',
  ],
})
  .variable('--committed <N>', 'files that the run has committed', 'COMMITTED', '0')
  .branch()
  .variable('--packages <VERSION>', 'the release of the recipes that the run used', 'PACKAGES_VERSION')
  .action(start);

await runCommand(addPlaces(command));

type Options = Record<'committed' | 'branch' | 'packages' | 'catalog', string>;

async function start({ committed, branch, packages, catalog }: Options): Promise<void> {
  const github = openGitHub(process.env, { isPatient: true });
  const { sentence, isAdvice } = await startDeploy(
    github,
    { committed: parseNumber('--committed', committed || '0', { from: 0 }), branch },
    process.env,
  );
  if (isAdvice) annotate('warning', sentence);
  else console.error(sentence);
  addSummary(sentence);
  const looked = await lookAtRelease(github, { packages, branch, catalog });
  if (looked === undefined) return;
  console.error(looked);
  addSummary(looked);
}
