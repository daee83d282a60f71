import { copyFileSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildRecord } from '../../site/schemas/build-record.ts';
import type { MatrixEntry } from '../../site/schemas/build-request.ts';
import type { Build } from '../../site/schemas/build.ts';
import type { ContainerRequest } from '../containers/publish-containers.ts';
import type { Failure } from '../../site/schemas/failure.ts';
import { addFiles } from '../catalog/new-files.ts';
import { BadArchiveError } from '../github/errors.ts';
import type { Destination } from '../publish/publish-cache.ts';
import { publishEntries } from '../publish/publish-cache.ts';
import { environmentFile } from './environment-locks.ts';
import type { Circumstances } from './failures.ts';
import {
  failureFiles,
  failuresOfAll,
  forgetFailures,
  recordedFailures,
  refusedFailures,
} from './failures.ts';
import type { BuildArtifacts } from './build-artifact.ts';
import { VIEW_ARCHIVE } from './build-artifact.ts';
import { checkArtifact } from './check-artifact.ts';
import type { CheckedArtifact } from './check-artifact.ts';
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

/** Where the parts of a run are that belong together. */
export interface Sources {
  /** Folder of the plans, as concretize wrote them. */
  plans: string;
  artifacts: BuildArtifacts;
  /** A folder for the views of environments, until their containers are made. */
  views: string;
}

/**
 * Takes over what one job built: checks it against its plan, publishes it and records its failures. An artifact that
 * is missing or not what it should be becomes a failure and throws nothing; what throws is a fault of ours or of
 * the registry.
 */
export async function receiveArtifact(
  entry: MatrixEntry,
  sources: Sources,
  destination: Destination,
  circumstances: Circumstances,
): Promise<Received> {
  const plan = readPlanFolder(sources.plans, entry);
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
  const { catalogDirectory } = destination;
  if (environment !== undefined)
    addFiles(catalogDirectory, [environmentFile(environment, plan.lockText, catalogDirectory)]);

  function refuse(reason: string): void {
    received.refused = reason;
    received.failures = failuresOfAll(plan, 'refused', reason, circumstances);
  }

  try {
    await sources.artifacts.use(entry.index, async (folder) => {
      if (folder === undefined) {
        const reason =
          'The build job uploaded nothing: it was cancelled, ran out of disk, or lost its runner.';
        received.failures = failuresOfAll(plan, 'other', reason, circumstances);
        return;
      }
      const checked = await checkArtifact({
        folder,
        hashes: plan.hashes,
        texts: plan.texts,
        catalogDirectory,
      });
      if ('refused' in checked) refuse(checked.refused);
      else await takeOver(folder, plan, checked, received, { sources, destination, circumstances });
    });
  } catch (error) {
    if (!(error instanceof BadArchiveError)) throw error;
    refuse(error.message);
  }
  addFiles(catalogDirectory, failureFiles(received.failures, circumstances.job, catalogDirectory));
  return received;
}

/** Publishes what an artifact holds, and notes in `received` what came of it. */
async function takeOver(
  folder: string,
  plan: Plan,
  { entries, record }: Exclude<CheckedArtifact, { refused: string }>,
  received: Received,
  {
    sources,
    destination,
    circumstances,
  }: { sources: Sources; destination: Destination; circumstances: Circumstances },
): Promise<void> {
  const { entry } = received;
  const { catalogDirectory } = destination;
  const { newBuilds, refused, warnings } = await publishEntries(entries, {
    ...destination,
    times: new Map(Object.entries(record.times ?? {})),
    environment: {
      ...destination.environment,
      BUILD_RUNNER: entry.runner,
      BUILD_TARGET: entry.target,
      SPACK_VERSION: plan.inputs.spack,
      SPACK_PACKAGES_VERSION: plan.inputs.packages,
    },
  });
  received.newBuilds = newBuilds.map(({ build }) => build);
  received.again = entries.length - newBuilds.length - refused.size;
  received.reused = record.reused.length;
  received.warnings = [...warnings, ...refused.values()];
  const published = entries.map(({ root }) => root.node).filter(({ hash }) => !refused.has(hash));
  received.failures = [
    ...recordedFailures(record, plan, new Set(published.map(({ hash }) => hash)), circumstances),
    ...refusedFailures(refused, plan, circumstances),
  ];
  addFiles(catalogDirectory, packageFiles(record.packages, plan, catalogDirectory, circumstances.date));
  forgetFailures(catalogDirectory, published);
  if (plan.sbang === undefined) return;
  // Containers are made when all artifacts have been received, and this one is gone then.
  const archive = join(sources.views, `${entry.index}-${VIEW_ARCHIVE}`);
  if (record.view && lstatSync(join(folder, VIEW_ARCHIVE), { throwIfNoEntry: false })?.isFile())
    copyFileSync(join(folder, VIEW_ARCHIVE), archive);
  received.containers = requestContainers(plan, plan.sbang, record, archive);
}

function requestContainers(
  { inputs, roots, nodes }: Plan,
  sbang: string,
  { environments, view }: BuildRecord,
  archive: string,
): ContainerRequest {
  return {
    environment: inputs.request.environment,
    roots: roots.flatMap(({ hash }) => nodes.get(hash) ?? []),
    nodes,
    environments,
    ...(view ? { view: { archive, variables: view } } : {}),
    sbang,
  };
}
