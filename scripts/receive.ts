import { addPlaces, createCommand, readSettings, runCommand } from './cli/command.ts';
import { expectOwnFolder, withTemporaryFolder } from './cli/files.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { homesOf } from './commit/catalog-owner.ts';
import { openDestination } from './publish/publish-cache.ts';
import { openArtifacts } from './receive/build-artifact.ts';
import { finishRun } from './receive/finish-run.ts';
import { parseMatrix, readDivided, readSolvedFailures } from './receive/plan-folder.ts';
import { receiveAll } from './receive/receive-all.ts';

type Options = Record<'plans' | 'matrix' | 'registry' | 'catalog' | 'changed', string> &
  Partial<Record<'artifacts' | 'subjects' | 'failures' | 'divided' | 'settings', string>> & {
    containers: boolean;
  };

const command = createCommand({
  verb: 'receive',
  description:
    'Publishes the artifacts of build jobs: checks each against its plan, pushes and records new builds. ' +
    'In a workflow it downloads them from GitHub one after another (GITHUB_TOKEN needs "actions: read"). ' +
    'An invalid artifact becomes a failure and does not affect the others. Fails, after all is recorded, if ' +
    'everything failed. Safe to run again.',
  examples: [
    'node scripts/receive.ts --plans plans --matrix "$MATRIX"',
    'node scripts/receive.ts --plans plans --artifacts artifacts --matrix "$MATRIX"',
  ],
})
  .requiredOption('--plans <DIR>', 'folder that gather wrote')
  .requiredOption('--matrix <JSON>', "gather's output `matrix`, with the digests of the plans")
  .option(
    '--artifacts <DIR>',
    'one folder per artifact, build-<index>-<attempt> (default: this run on GitHub)',
  )
  .option('--registry <REGISTRY>', 'oci-layout:DIR, ghcr.io/owner/repo or host/path', readSettings().REGISTRY)
  .option('--failures <SHA256>', "record the plans' failures.json, which must have this digest")
  .option('--divided <SHA256>', "record requests of the plans' divided.json, which must have this digest")
  .variable('--changed <NAMES>', 'environments whose locks are outdated', 'CHANGED')
  .option('--subjects <DIR>', 'write the digests to attest there')
  .option('--no-containers', 'only list the containers that would be made')
  .action(receive);

await runCommand(addPlaces(command));

async function receive(options: Options): Promise<void> {
  if (options.subjects) expectOwnFolder(options.subjects, /^\d+\.txt$/);
  const include = parseMatrix(options.matrix);
  const unsolved = options.failures ? readSolvedFailures(options.plans, options.failures) : [];
  const { targets } = readSettingsFile(options.settings);
  const homes = homesOf(targets, options.registry);
  const destination = { ...(await openDestination(options)), homes };
  await withTemporaryFolder(async (views) => {
    const artifacts = await openArtifacts(options.artifacts, process.env);
    const sources = { plans: options.plans, artifacts, views, changed: new Set(options.changed.split(' ')) };
    const divided = options.divided ? readDivided(options.plans, options.divided) : undefined;
    const run = await receiveAll(include, sources, destination, unsolved, divided);
    await finishRun(include.length, run, options, destination);
  });
}
