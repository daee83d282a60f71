import { catalogOption, createCommand, parseNumber, runCommand } from './cli/command.ts';
import { annotate, setOutput } from './github/actions.ts';
import { openArtifacts } from './receive/build-artifact.ts';
import { parseMatrix } from './receive/plan-folder.ts';
import { handOn, namedHandedOn } from './waves/handed-on.ts';

type Options = Record<'plans' | 'matrix' | 'wave' | 'out' | 'catalog' | 'beforeSha256', string> &
  Partial<Record<'artifacts' | 'before', string>>;

const command = createCommand({
  verb: 'hand-on',
  description:
    'Between two waves of builds: checks what the jobs of earlier waves have uploaded, each artifact against its plan as ' +
    'receive does, and writes a build cache of what later jobs need. Build checks it by the digest of its listing. ' +
    'Needs no secret; GITHUB_TOKEN needs "actions: read".',
  examples: [
    'node scripts/hand-on.ts --plans plans --matrix "$MATRIX" --wave 2 --artifacts artifacts --out handed-on',
  ],
})
  .requiredOption('--plans <DIR>', 'folder that gather wrote')
  .requiredOption('--matrix <JSON>', "gather's output `matrix`, with the digests of the plans")
  .requiredOption('--wave <N>', 'number of the next wave, from 2')
  .requiredOption('--out <DIR>', 'folder for the build cache: new, or one that hand-on wrote')
  .option('--before <DIR>', 'folder that hand-on wrote for the previous wave')
  .variable('--before-sha256 <HEX>', 'sha256 of its listing; empty: no such folder', 'BEFORE_SHA256')
  .option('--artifacts <DIR>', 'one folder per artifact (default: this run on GitHub)')
  .addOption(catalogOption())
  .action(run);

await runCommand(command);

async function run(options: Options): Promise<void> {
  const { sha256, builds, refused } = await handOn(parseMatrix(options.matrix), {
    ...options,
    // Plans count from 0.
    wave: parseNumber('--wave', options.wave, { from: 2 }) - 1,
    artifacts: await openArtifacts(options.artifacts, process.env),
    before: namedHandedOn(options.before, options.beforeSha256),
  });
  for (const sentence of refused) annotate('warning', sentence);
  setOutput('sha256', sha256);
  console.error(`${builds} builds handed on, ${refused.length} jobs without a usable artifact`);
}
