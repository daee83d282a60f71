import { createCommand, runCommand } from './cli/command.ts';
import { closeIssue, openIssue } from './github/deploy-issue.ts';
import { readOrigin } from './publish/origin.ts';

const command = createCommand({
  verb: 'issue',
  description:
    'After a deployment: opens an issue with a link to the log when it failed (or adds to the one that is open), and ' +
    'closes it when it succeeded. Reads GITHUB_TOKEN and GITHUB_REPOSITORY.',
  examples: ['node scripts/issue.ts --result failure', 'node scripts/issue.ts --result success'],
})
  .requiredOption('--result <RESULT>', 'success, failure or cancelled')
  .action(report);

await runCommand(command);

async function report({ result }: { result: string }): Promise<void> {
  const { run } = readOrigin(process.env);
  if (result === 'failure') {
    const number = await openIssue(process.env, run);
    console.error(`issue ${number} says that the deployment failed`);
    return;
  }
  const closed = result === 'success' ? await closeIssue(process.env, run) : [];
  console.error(closed.length === 0 ? 'no issue is open' : `closed issue ${closed.join(', ')}`);
}
