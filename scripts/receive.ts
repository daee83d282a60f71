import { Matrix } from '../site/schemas/build-request.ts';
import { createCommand, readSettings, runCommand } from './command.ts';
import { addSummary, annotate, setOutput } from './github/job.ts';
import { checkVisibility } from './github/visibility.ts';
import { openRegistry } from './oci/registry.ts';
import { readSolvedFailures } from './receive/plan-folder.ts';
import { receiveAll } from './receive/receive-all.ts';
import { describeRun } from './receive/report.ts';
import { writeSubjects } from './receive/subjects.ts';
import { readSigner } from './spack/signature.ts';

interface Options {
  plans: string;
  matrix: string;
  handovers: string;
  registry: string;
  catalog: string;
  subjects?: string;
  failures?: string;
}

const settings = readSettings();

const command = createCommand({
  verb: 'receive',
  description:
    'Publishes what build jobs handed over: checks each artifact against its plan, pushes and records what is new. ' +
    'An artifact that is not what it should be becomes a failure and costs the others nothing. Safe to run again.',
  examples: ['node scripts/receive.ts --plans plans --handovers handovers --matrix "$MATRIX"'],
})
  .requiredOption('--plans <DIR>', 'what concretize wrote')
  .requiredOption('--handovers <DIR>', 'one folder per artifact, handover-<index>-<attempt>')
  .requiredOption('--matrix <JSON>', "concretize's output of that name, with the digests of the plans")
  .option('--registry <REGISTRY>', 'oci-layout:DIR, ghcr.io/owner/repo or host/path', settings.REGISTRY)
  .option('--catalog <DIR>', "the catalog's folder", settings.CATALOG_DIR)
  .option('--failures <SHA256>', "record the plans' failures.json, which must have this digest")
  .option('--subjects <FILE>', 'write the digests to attest there')
  .action(receive);

await runCommand(command);

async function receive(options: Options): Promise<void> {
  const { registry, catalog, subjects } = options;
  const { include } = Matrix.parse(JSON.parse(options.matrix));
  const unsolved = options.failures ? readSolvedFailures(options.plans, options.failures) : [];
  const destination = {
    registry: openRegistry(registry),
    catalogDirectory: catalog,
    signer: await readSigner(process.env),
    environment: process.env,
  };
  const { received, faults } = await receiveAll(include, options, destination, unsolved);
  const builds = received.flatMap(({ newBuilds }) => newBuilds);
  const unattested = subjects === undefined ? 0 : writeSubjects(subjects, builds);
  if (unattested > 0)
    annotate('warning', `${unattested} digests are not attested: one run attests 1,024 at most`);
  const [first] = builds;
  const hidden = first && (await checkVisibility(registry, first.image.tag, process.env));
  if (hidden) annotate('warning', hidden);
  addSummary([describeRun(received), ...(hidden ? [`> ${hidden}`] : [])].join('\n\n'));
  setOutput('published', String(builds.length));
  console.error(
    `${include.length} jobs received: ${builds.length} builds added, ${faults.length} jobs not published`,
  );
  if (faults.length > 0)
    throw new Error(`run this job again; what is published stays\n  ${faults.join('\n  ')}`);
}
