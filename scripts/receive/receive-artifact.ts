import { join } from 'node:path';
import type { BuildRecord } from '../../site/schemas/build-record.ts';
import type { MatrixEntry } from '../../site/schemas/build-request.ts';
import type { Build } from '../../site/schemas/build.ts';
import type { ContainerRequest } from '../containers/publish-containers.ts';
import type { Failure } from '../../site/schemas/failure.ts';
import { addFiles } from '../catalog/new-files.ts';
import { describeError } from '../cli/command.ts';
import type { Destination } from '../publish/publish-cache.ts';
import { checkTarballs, publishEntries } from '../publish/publish-cache.ts';
import type { CheckedEntry } from '../publish/resolve.ts';
import { readBuildCache } from '../build-cache/build-cache.ts';
import { environmentFile } from './environment-locks.ts';
import type { Circumstances } from './failures.ts';
import { failureFiles, failuresOfAll, forgetFailures, recordedFailures } from './failures.ts';
import { findCache, findHandover, readRecord, VIEW_ARCHIVE } from './build-artifact.ts';
import { packageFiles } from './packages.ts';
import type { Plan } from './plan-folder.ts';
import { readPlanFolder } from './plan-folder.ts';

/** What became of one job's artifact. */
export interface Received {
  entry: MatrixEntry;
  /** What was asked for, for people. */
  title: string;
  newBuilds: Build[];
  /** Builds that were in the catalog already when this artifact came. */
  again: number;
  /** Hashes that the job took from the cache, by its own word. */
  reused: number;
  failures: Failure[];
  /** Why nothing of the artifact was taken. */
  refused?: string;
  warnings: string[];
  /** The containers that were asked for, when the artifact was taken. */
  containers?: ContainerRequest;
}

/**
 * Takes over what one job built: checks it against its plan, publishes it and records its failures. An artifact that
 * is missing or not what it should be becomes a failure and throws nothing; what throws is a fault of ours or of
 * the registry.
 */
export async function receiveHandover(
  entry: MatrixEntry,
  folders: { plans: string; handovers: string },
  destination: Destination,
  circumstances: Circumstances,
): Promise<Received> {
  const plan = readPlanFolder(folders.plans, entry);
  const received: Received = {
    entry,
    title: plan.inputs.request.environment ?? plan.inputs.request.specs.join(' '),
    newBuilds: [],
    again: 0,
    reused: 0,
    failures: [],
    warnings: [],
  };

  const { environment } = plan.inputs.request;
  if (environment !== undefined) {
    const { catalogDirectory } = destination;
    addFiles(catalogDirectory, [environmentFile(environment, plan.lockText, catalogDirectory)]);
  }
  const attempt = Number(destination.environment['GITHUB_RUN_ATTEMPT'] || Infinity);
  const handover = findHandover(folders.handovers, entry.index, attempt);
  if (handover === undefined) {
    const reason =
      'The build job handed over nothing: it was cancelled, ran out of disk, or lost its runner.';
    received.failures = failuresOfAll(plan, 'other', reason, circumstances);
  } else {
    const checked = await checkHandover(handover, plan);
    if ('refused' in checked) {
      received.refused = checked.refused;
      received.failures = failuresOfAll(plan, 'refused', checked.refused, circumstances);
    } else {
      const { entries, record } = checked;
      const { newBuilds, warnings } = await publishEntries(entries, {
        ...destination,
        environment: {
          ...destination.environment,
          BUILD_RUNNER: entry.runner,
          BUILD_TARGET: entry.target,
          SPACK_VERSION: plan.inputs.spack,
          SPACK_PACKAGES_VERSION: plan.inputs.packages,
        },
      });
      received.newBuilds = newBuilds.map(({ build }) => build);
      received.again = entries.length - newBuilds.length;
      received.reused = record.reused.length;
      received.warnings = warnings;
      const published = new Set(entries.map(({ root }) => root.node.hash));
      received.failures = recordedFailures(record, plan, published, circumstances);
      addFiles(
        destination.catalogDirectory,
        packageFiles(record.packages, plan, destination.catalogDirectory, circumstances.date),
      );
      forgetFailures(
        destination.catalogDirectory,
        entries.map(({ root }) => root.node),
      );
      if (plan.sbang !== undefined)
        received.containers = requestContainers(plan, plan.sbang, record, handover);
    }
  }
  addFiles(
    destination.catalogDirectory,
    failureFiles(received.failures, circumstances.job, destination.catalogDirectory),
  );
  return received;
}

function requestContainers(
  { inputs, roots, nodes }: Plan,
  sbang: string,
  { environments, view }: BuildRecord,
  handover: string,
): ContainerRequest {
  return {
    environment: inputs.request.environment,
    roots: roots.flatMap(({ hash }) => nodes.get(hash) ?? []),
    nodes,
    environments,
    ...(view ? { view: { archive: join(handover, VIEW_ARCHIVE), variables: view } } : {}),
    sbang,
  };
}

async function checkHandover(
  handover: string,
  plan: Plan,
): Promise<{ entries: CheckedEntry[]; record: BuildRecord } | { refused: string }> {
  try {
    const record = readRecord(handover);
    const cache = findCache(handover);
    const entries = cache === undefined ? [] : await readBuildCache(cache, { plan: new Set(plan.hashes) });
    return { entries: await checkTarballs(entries), record };
  } catch (error) {
    return { refused: describeError(error) };
  }
}
