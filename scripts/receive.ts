import { Matrix } from '../site/schemas/build-request.ts';
import { createCommand, readSettings, runCommand, variableOption } from './cli/command.ts';
import { previewContainers, publishContainers } from './containers/publish-containers.ts';
import { withTemporaryFolder } from './cli/temporary-folder.ts';
import { addSummary, annotate, setOutput } from './github/actions.ts';
import { readSettingsFile } from './cli/owner-settings.ts';
import { describeVisibility } from './github/visibility.ts';
import { openRegistry } from './oci/open-registry.ts';
import type { Destination } from './publish/publish-cache.ts';
import type { BuildArtifacts } from './receive/build-artifact.ts';
import { openArtifactFolder, openRunArtifacts } from './receive/build-artifact.ts';
import { readSolvedFailures } from './receive/plan-folder.ts';
import type { ReceivedRun } from './receive/receive-all.ts';
import { receiveAll } from './receive/receive-all.ts';
import { describeRun } from './receive/report.ts';
import { attestLater } from './receive/subjects.ts';
import { readSigner } from './signing/signature.ts';
import { isLocal } from '../site/lib/registry-address.ts';

type Options = Record<'plans' | 'matrix' | 'registry' | 'catalog', string> &
  Partial<Record<'artifacts' | 'subjects' | 'failures' | 'settings', string>> & { containers: boolean };

const { REGISTRY, CATALOG_DIR } = readSettings();

const command = createCommand({
  verb: 'receive',
  description:
    'Publishes the artifacts of build jobs: checks each against its plan, pushes and records what is new. ' +
    'In a workflow it downloads them from GitHub one after another (GITHUB_TOKEN needs "actions: read"). ' +
    'An artifact that is not what it should be becomes a failure and does not affect the others. Safe to run again.',
  examples: [
    'node scripts/receive.ts --plans plans --matrix "$MATRIX"',
    'node scripts/receive.ts --plans plans --artifacts artifacts --matrix "$MATRIX"',
  ],
})
  .requiredOption('--plans <DIR>', 'what concretize wrote')
  .requiredOption('--matrix <JSON>', "concretize's output of that name, with the digests of the plans")
  .addOption(
    variableOption(
      '--artifacts <DIR>',
      'one folder per artifact, build-<index>-<attempt> (default: this run on GitHub)',
      'ARTIFACTS',
    ),
  )
  .option('--registry <REGISTRY>', 'oci-layout:DIR, ghcr.io/owner/repo or host/path', REGISTRY)
  .option('--catalog <DIR>', "the catalog's folder", CATALOG_DIR)
  .option('--failures <SHA256>', "record the plans' failures.json, which must have this digest")
  .option('--subjects <DIR>', 'write the digests to attest there')
  .option('--no-containers', 'only say which containers would be made')
  .option('--settings <FILE>', "the owner's settings (default: .github/build-cache.yaml)")
  .action(receive);

await runCommand(command);

async function receive(options: Options): Promise<void> {
  const { include } = Matrix.parse(JSON.parse(options.matrix));
  const unsolved = options.failures ? readSolvedFailures(options.plans, options.failures) : [];
  const destination = {
    registry: openRegistry(options.registry),
    catalogDirectory: options.catalog,
    signer: await readSigner(process.env),
    environment: process.env,
  };
  await withTemporaryFolder(async (views) => {
    const artifacts = await openArtifacts(options.artifacts);
    const sources = { plans: options.plans, artifacts, views };
    const run = await receiveAll(include, sources, destination, unsolved);
    await finish(include.length, run, options, destination);
  });
}

/** Publishes the containers of what was received, and reports everything. */
async function finish(
  jobs: number,
  { received, faults }: ReceivedRun,
  options: Options,
  destination: Destination,
): Promise<void> {
  const { registry, subjects } = options;
  const builds = received.flatMap(({ newBuilds }) => newBuilds);
  const requests = received.flatMap((job) => job.containers ?? []);
  const outcome = options.containers
    ? await publishContainers(requests, destination, readSettingsFile(options.settings).baseImage)
    : previewContainers(requests, process.env);
  for (const text of [...outcome.warnings, ...outcome.faults]) annotate('warning', text);
  faults.push(...outcome.faults);
  const notes = [
    ...(subjects === undefined
      ? []
      : attestLater(subjects, { builds, ...outcome }, process.env['PRIVATE'] === 'true')),
    ...(await describeVisibility(registry, builds, process.env)),
  ];
  for (const note of notes) annotate('warning', note);
  addSummary(
    [describeRun(received, !isLocal(registry), outcome), ...notes.map((note) => `> ${note}`)].join('\n\n'),
  );
  setOutput('published', String(builds.length));
  console.error(
    `${jobs} jobs received: ${builds.length} builds and ${outcome.containers.length} containers added, ` +
      `${faults.length} not published`,
  );
  if (faults.length > 0)
    throw new Error(`run this job again; what is published stays\n  ${faults.join('\n  ')}`);
}

function openArtifacts(directory: string | undefined): Promise<BuildArtifacts> | BuildArtifacts {
  const { GITHUB_RUN_ATTEMPT, GITHUB_RUN_ID } = process.env;
  if (directory) return openArtifactFolder(directory, Number(GITHUB_RUN_ATTEMPT || Infinity));
  if (GITHUB_RUN_ID) return openRunArtifacts(process.env);
  throw new Error('expected --artifacts DIR: only a workflow run can take them from GitHub');
}
