import { timedBuilds } from '../site/lib/times/build-times.ts';
import { readCatalog } from './catalog/catalog.ts';
import { addPlaces, createCommand, parseNumber, runCommand } from './cli/command.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { expectSameAttempt, gatherPlans } from './concretize/gather.ts';
import { divideRun, handOnRun, learnFrom, learnSizes, wavesOf } from './waves/divide-run.ts';
import { reportDivision } from './waves/picture.ts';

const command = createCommand({
  verb: 'gather',
  description:
    'Merges the plans that concretize wrote for several targets, and divides them into build jobs: what several ' +
    'requests need is built once, and long work is split over several jobs in waves. Writes one folder of plans. ' +
    'Runs before any build script does.',
  examples: ['node scripts/gather.ts --from solved --out plans'],
})
  .requiredOption('--from <DIR>', 'one folder per target, each written by concretize')
  .requiredOption('--out <DIR>', 'folder for all plans')
  .variable(
    '--unknown-seconds <N>',
    'seconds to assume for a build without any record',
    'UNKNOWN_BUILD_SECONDS',
    '90',
  )
  .variable(
    '--run <TEXT>',
    'the attempt of the run that chose the requests; plans of another attempt are refused',
    'CHOSEN_RUN',
  )
  .action(gather);

await runCommand(addPlaces(command));

type Options = Record<'from' | 'out' | 'catalog' | 'run' | 'unknownSeconds', string> & { settings?: string };

function gather({ from, out, catalog, settings, run, unknownSeconds }: Options): void {
  expectSameAttempt(run, process.env['GITHUB_RUN_ATTEMPT']);
  const { matrix, failures } = gatherPlans(from, out);
  const { builds, nodes } = readCatalog(catalog);
  const divided = divideRun(out, matrix.include, {
    buildMinutes: readSettingsFile(settings).buildMinutes,
    estimate: learnFrom(timedBuilds(builds.values(), nodes)),
    estimateBytes: learnSizes(builds.values()),
    unknownSeconds: parseNumber('--unknown-seconds', unknownSeconds, { from: 1, to: 1_000_000 }),
  });
  const waves = wavesOf(divided.jobs);
  handOnRun(out, { divided, waves, failures });
  reportDivision(divided);
  console.error(
    `${divided.jobs.length} builds planned in ${waves.length} waves, ${failures.length} requests without a solution`,
  );
}
