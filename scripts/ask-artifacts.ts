import { createCommand, runCommand } from './cli/command.ts';
import { setOutput } from './github/actions.ts';
import { tryRunArtifacts } from './github/run-artifacts.ts';

const command = createCommand({
  verb: 'ask-artifacts',
  description:
    "Checks whether this run's artifacts can be downloaded through GitHub's API, one after another as receive does, by trying " +
    'one that is known to exist. If not, a workflow downloads them all at once with actions/download-artifact. ' +
    'Never fails; sets the output "answers" to true or false. GITHUB_TOKEN needs "actions: read".',
  examples: ['GITHUB_RUN_ID=123 node scripts/ask-artifacts.ts --known plans-1'],
})
  .requiredOption('--known <NAME>', 'an existing artifact of this run')
  .action(ask);

await runCommand(command);

async function ask({ known }: { known: string }): Promise<void> {
  const problem = await tryRunArtifacts(known, process.env);
  if (problem === undefined) console.error("GitHub's API provides the artifacts of this run");
  else console.error(`GitHub's API does not provide the artifacts of this run: ${problem}`);
  setOutput('answers', String(problem === undefined));
}
