import { createCommand, runCommand } from './cli/command.ts';
import { annotate } from './github/actions.ts';
import { openGitHub } from './github/api.ts';
import { closeIssue, makeLabels, openIssue } from './github/deploy-issue.ts';
import { readOrigin } from './publish/origin.ts';

const command = createCommand({
  verb: 'issue',
  description:
    'After a deployment: opens an issue with a link to the log when it failed (or adds to the one that is open), and ' +
    'closes it when it succeeded. Where the repository has no issues it warns. Reads GITHUB_TOKEN (issues: write) and ' +
    'GITHUB_REPOSITORY.',
  examples: ['node scripts/issue.ts --result failure', 'node scripts/issue.ts --result success'],
})
  .requiredOption('--result <RESULT>', 'success, failure or cancelled')
  .action(report);

await runCommand(command);

async function report({ result }: { result: string }): Promise<void> {
  if (!['success', 'failure', 'cancelled', 'skipped'].includes(result)) {
    throw new Error(`--result: expected success, failure or cancelled, found "${result}"`);
  }
  const { run } = readOrigin(process.env);
  const github = openGitHub(process.env);
  if (result === 'failure') {
    const number = await openIssue(github, run);
    if (number === undefined) warnOff('the failed deployment is not reported as an issue');
    else console.error(`issue ${number} says that the deployment failed`);
    return;
  }
  const closed = result === 'success' ? await closeIssue(github, run) : [];
  if (closed === undefined) warnOff('failed deployments will not be reported as issues');
  else {
    await makeLabels(github);
    console.error(closed.length === 0 ? 'no issue is open' : `closed issue ${closed.join(', ')}`);
  }
}

function warnOff(consequence: string): void {
  annotate(
    'warning',
    `Issues are switched off in this repository: ${consequence}. To get them, open ` +
      `https://github.com/${process.env['GITHUB_REPOSITORY']}/settings and tick "Issues"`,
  );
}
