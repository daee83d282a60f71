import { BUILD_OUTPUT, buildPlan } from './build/build.ts';
import { expectOwnFolder } from './cli/files.ts';
import { readInputs } from './concretize/plan-files.ts';
import { INSTALL_ROOT } from './build/machine.ts';
import { reportBuild } from './build/record.ts';
import { createCommand, parseNumber, runCommand } from './cli/command.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { addSpackOptions, type SpackOptions } from './spack/spack-options.ts';
import { namedHandedOn } from './waves/handed-on.ts';

const MINUTES = { from: 0.01, to: 10_000, isWhole: false };
const DAYS = { from: 0, to: 3_650 };

type Options = SpackOptions &
  Record<'plan' | 'out' | 'inputsSha256' | 'minutes' | 'root' | 'earlierSha256' | 'daysAhead', string> & {
    earlier?: string;
  };

const command = createCommand({
  verb: 'build',
  description:
    'Builds what concretize planned with Spack and writes what succeeded: an unsigned build cache and a ' +
    'record of the rest. Packages that fail are in the record and do not fail this script.',
  examples: [
    'node scripts/build.ts --plan .work/plans/0 --out .work/built',
    'SPACK_INSTALLED=true node scripts/build.ts --plan .work/plans/0 --out .work/built --root /tmp/software',
  ],
})
  .requiredOption('--plan <DIR>', 'a folder that concretize wrote')
  .requiredOption('--out <DIR>', 'folder for cache/ and record.json; those of an earlier build are replaced')
  .variable('--inputs-sha256 <HEX>', 'expected digest of the inputs; others are refused', 'INPUTS_SHA256')
  .variable('--minutes <N>', 'time limit (default: from the settings)', 'BUILD_MINUTES')
  .option('--earlier <DIR>', 'folder that hand-on wrote: builds of earlier waves')
  .variable('--earlier-sha256 <HEX>', 'sha256 of its listing; empty: no such folder', 'EARLIER_SHA256')
  .variable('--root <DIR>', 'install root', 'INSTALL_ROOT', INSTALL_ROOT)
  .variable('--days-ahead <N>', 'set the clock of build scripts ahead; needs datefudge', 'DAYS_AHEAD')
  .action(build);

await runCommand(addSpackOptions(command));

async function build(options: Options): Promise<void> {
  expectOwnFolder(options.out, BUILD_OUTPUT);
  const { buildMinutes, installer, paddedLength } = readSettingsFile(options.settings);
  const inputs = readInputs(options.plan, options.inputsSha256);
  const daysAhead = parseNumber('--days-ahead', options.daysAhead || '0', DAYS);
  const record = await buildPlan({
    ...options,
    inputs,
    installRoot: options.root || INSTALL_ROOT,
    minutes: parseNumber('--minutes', options.minutes || String(buildMinutes), MINUTES),
    installer,
    paddedLength,
    daysAhead,
    earlier: namedHandedOn(options.earlier, options.earlierSha256),
  });
  reportBuild(inputs, record, daysAhead);
}
