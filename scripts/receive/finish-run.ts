import { readCatalog } from '../catalog/catalog.ts';
import { isLocal } from '../../site/lib/registry-address.ts';
import { readSettingsFile } from '../cli/owner-settings.ts';
import { previewContainers, publishContainers } from '../containers/publish-containers.ts';
import { addSummary, annotate, setOutput } from '../github/actions.ts';
import { describeVisibility } from '../github/visibility.ts';
import type { Destination } from '../publish/publish-cache.ts';
import type { ReceivedRun } from './receive-all.ts';
import { describeRun, describeWaves } from './report.ts';
import { attestLater } from './subjects.ts';

/** The options of `receive` that decide what happens after all artifacts. */
interface FinishOptions {
  registry: string;
  /** Whether containers are made, rather than listed. */
  containers: boolean;
  /** Folder for the digests to attest. */
  subjects?: string;
  /** The owner's settings file. */
  settings?: string;
}

/**
 * Publishes the containers of what was received, and reports everything: to people, to the next steps of the workflow
 * and by an error when something could not be published.
 * @param jobs number of build jobs of the run
 */
export async function finishRun(
  jobs: number,
  { received, divided, faults }: ReceivedRun,
  options: FinishOptions,
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
  const { nodes } = readCatalog(destination.catalogDirectory);
  const notes = [
    ...(subjects === undefined
      ? []
      : attestLater(subjects, { builds, nodes, ...outcome }, process.env['PRIVATE'] === 'true')),
    ...(await describeVisibility(registry, builds, process.env)),
  ];
  for (const note of notes) annotate('warning', note);
  addSummary(
    [
      describeRun(received, !isLocal(registry), outcome),
      ...(divided ? [describeWaves(received, divided)] : []),
      ...notes.map((note) => `> ${note}`),
    ].join('\n\n'),
  );
  setOutput('published', String(builds.length));
  setOutput('waiting', String(countWaiting(received, divided)));
  setOutput('waiting-specs', JSON.stringify(divided?.specs ?? []));
  console.error(
    `${jobs} jobs received: ${builds.length} builds and ${outcome.containers.length} containers added, ` +
      `${faults.length} not published`,
  );
  if (faults.length > 0)
    throw new Error(`run this job again; what is published stays\n  ${faults.join('\n  ')}`);
}

/** Builds and containers that another run can still make: what no job came to, or what ran out of time. */
function countWaiting(received: ReceivedRun['received'], divided: ReceivedRun['divided']): number {
  const stopped = received.flatMap(({ failures }) => failures.filter(({ kind }) => kind === 'timeout'));
  return divided ? divided.waiting.length + divided.containers : stopped.length;
}
