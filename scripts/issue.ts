import { existsSync, readFileSync } from 'node:fs';
import { Option } from 'commander';
import { createCommand, runCommand } from './cli/command.ts';
import { annotate } from './github/actions.ts';
import { openGitHub } from './github/api.ts';
import { closeIssue, makeLabels, openIssue, TOPICS, type IssueTopic } from './github/issues.ts';
import { readOrigin } from './publish/origin.ts';

const command = createCommand({
  verb: 'issue',
  description:
    'Run it after a deployment or a check: opens an issue with a link to the log when it failed (or comments on the open ' +
    "one), and closes it when it succeeded. Warns when the repository's issues are switched off. Reads GITHUB_TOKEN " +
    '(issues: write) and GITHUB_REPOSITORY.',
  examples: [
    'node scripts/issue.ts --result failure',
    'node scripts/issue.ts --about health --result failure --body doctor.md',
  ],
})
  .requiredOption('--result <RESULT>', 'success, failure or cancelled')
  .addOption(new Option('--about <TOPIC>', 'what failed').choices(Object.keys(TOPICS)).default('deployment'))
  .option('--body <FILE>', 'Markdown to add to the issue')
  .action(report);

await runCommand(command);

async function report(options: { result: string; about: IssueTopic; body?: string }): Promise<void> {
  const { result, about, body } = options;
  if (!['success', 'failure', 'cancelled', 'skipped'].includes(result)) {
    throw new Error(`--result: expected success, failure or cancelled, found "${result}"`);
  }
  const { run } = readOrigin(process.env);
  const github = openGitHub(process.env);
  if (result === 'failure') {
    const details = body !== undefined && existsSync(body) ? readFileSync(body, 'utf8') : undefined;
    const number = await openIssue(github, about, { run, ...(details ? { details } : {}) });
    if (number === undefined) warnOff('this failure is not reported as an issue');
    else console.error(`issue ${number}: ${TOPICS[about].title}`);
    return;
  }
  const closed = result === 'success' ? await closeIssue(github, about, run) : [];
  if (closed === undefined) warnOff('failures will not be reported as issues');
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
