import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCatalog } from './catalog/catalog.ts';
import { createCommand, readSettings, runCommand, variableOption } from './cli/command.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { expectSameAttempt, gatherPlans } from './concretize/gather.ts';
import { digestFile } from './concretize/digests.ts';
import { expectHandedOn, setOutput } from './github/actions.ts';
import { divideRun, learnFrom, wavesOf, writeDivided } from './waves/divide-run.ts';
import { reportDivision } from './waves/report.ts';
import { formatJson } from '../site/lib/json.ts';

const command = createCommand({
  verb: 'gather',
  description:
    'Puts together what concretize wrote on the machines of several targets, and divides it into build jobs: what several ' +
    'requests need is built once, and long work is done by several jobs in waves. Writes one folder of plans. It runs before ' +
    'any build script does.',
  examples: ['node scripts/gather.ts --from solved --out plans'],
})
  .requiredOption('--from <DIR>', 'one folder per target, each what concretize wrote')
  .requiredOption('--out <DIR>', 'where all plans go')
  .option('--catalog <DIR>', 'a catalog, whose builds say how long others take', readSettings().CATALOG_DIR)
  .option('--settings <FILE>', "the owner's settings (default: .github/build-cache.yaml)")
  .addOption(
    variableOption(
      '--unknown-seconds <N>',
      'seconds to assume for a build when nothing is known of it',
      'UNKNOWN_BUILD_SECONDS',
      '90',
    ),
  )
  .addOption(
    variableOption(
      '--run <TEXT>',
      'the attempt of the run that chose the requests; plans of another attempt are refused',
      'CHOSEN_RUN',
    ),
  )
  .action(gather);

await runCommand(command);

interface Options {
  from: string;
  out: string;
  catalog: string;
  settings?: string;
  run: string;
  unknownSeconds: string;
}

function gather({ from, out, catalog, settings, run, unknownSeconds }: Options): void {
  expectSameAttempt(run, process.env['GITHUB_RUN_ATTEMPT']);
  const { matrix, failures } = gatherPlans(from, out);
  const { buildMinutes } = readSettingsFile(settings);
  const estimate = learnFrom(readCatalog(catalog));
  const divided = divideRun(out, matrix.include, {
    buildMinutes,
    estimate,
    unknownSeconds: parseSeconds(unknownSeconds),
  });
  const jobs = expectHandedOn({ include: divided.jobs });
  const waves = wavesOf(divided.jobs);
  writeFileSync(join(out, 'matrix.json'), formatJson(jobs));
  writeFileSync(join(out, 'failures.json'), formatJson(failures));
  setOutput('matrix', JSON.stringify(jobs));
  setOutput('jobs', JSON.stringify(waves));
  setOutput('waves', String(waves.length));
  setOutput('count', String(divided.jobs.length));
  setOutput('divided', digestFile(writeDivided(out, divided)));
  setOutput('failures', digestFile(join(out, 'failures.json')));
  setOutput('work', String(divided.jobs.length + failures.length > 0));
  reportDivision(divided);
  console.error(
    `${divided.jobs.length} builds planned in ${waves.length} waves, ${failures.length} requests without a solution`,
  );
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds < 1_000_000) return seconds;
  throw new Error(`--unknown-seconds: expected a number above 0, found "${text.slice(0, 40)}"`);
}
