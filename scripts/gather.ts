import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCommand, runCommand, variableOption } from './cli/command.ts';
import { expectSameAttempt, gatherPlans } from './concretize/gather.ts';
import { digestFile } from './concretize/digests.ts';
import { setOutput } from './github/actions.ts';
import { formatJson } from '../site/lib/json.ts';

const command = createCommand({
  verb: 'gather',
  description:
    'Puts together what concretize wrote on the machines of several targets: one folder of plans, one matrix of build ' +
    'jobs. It runs before any build script does.',
  examples: ['node scripts/gather.ts --from solved --out plans'],
})
  .requiredOption('--from <DIR>', 'one folder per target, each what concretize wrote')
  .requiredOption('--out <DIR>', 'where all plans go')
  .addOption(variableOption('--run <TEXT>', 'refuse plans of another attempt than this one of', 'CHOSEN_RUN'))
  .action(gather);

await runCommand(command);

function gather({ from, out, run }: { from: string; out: string; run: string }): void {
  expectSameAttempt(run, process.env['GITHUB_RUN_ATTEMPT']);
  const { matrix, failures } = gatherPlans(from, out);
  writeFileSync(join(out, 'matrix.json'), formatJson(matrix));
  writeFileSync(join(out, 'failures.json'), formatJson(failures));
  setOutput('matrix', JSON.stringify(matrix));
  setOutput('count', String(matrix.include.length));
  setOutput('failures', digestFile(join(out, 'failures.json')));
  setOutput('work', String(matrix.include.length + failures.length > 0));
  console.error(`${matrix.include.length} builds planned, ${failures.length} requests without a solution`);
}
