import { copyFileSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildRecord } from '../../site/schemas/build-record.ts';
import type { MatrixEntry } from '../../site/schemas/build-request.ts';
import type { Build } from '../../site/schemas/build.ts';
import type { ContainerRequest } from '../containers/images-to-make.ts';
import type { Failure } from '../../site/schemas/failure.ts';
import { addFiles, type NewFile, readCatalogFile } from '../catalog/catalog.ts';
import { BadArchiveError } from '../github/errors.ts';
import { readOrigin } from '../publish/origin.ts';
import { publishEntries, type Destination } from '../publish/publish-cache.ts';
import { lockRecorder } from '../concretize/environment-locks.ts';
import {
  failureFiles,
  failuresOfAll,
  forgetFailures,
  lostFailures,
  recordedFailures,
  type Circumstances,
} from './failures.ts';
import { VIEW_ARCHIVE, type BuildArtifacts } from './build-artifact.ts';
import { checkArtifact, type CheckedArtifact } from './check-artifact.ts';
import { readPlanFolder, type Plan } from './plan-folder.ts';
import { Package } from '../../site/schemas/package.ts';
import { formatJson } from '../../site/lib/json.ts';

/** Outcome for one job's artifact. */
export interface Received {
  entry: MatrixEntry;
  /** Request of the job, for display. */
  title: string;
  /** Number of builds planned for the job. */
  planned: number;
  newBuilds: Build[];
  /** Number of builds that were already in the catalog. */
  again: number;
  /** Number of builds that the job took from the cache, according to its own record. */
  reused: number;
  failures: Failure[];
  /** Reason why the artifact was refused. */
  refused?: string;
  warnings: string[];
  /** The requested containers, if the artifact was accepted. */
  containers?: ContainerRequest;
}

/** Sources of the parts of a run. */
export interface Sources {
  /** Folder of the plans that concretize wrote. */
  plans: string;
  artifacts: BuildArtifacts;
  /** Folder for the views of environments, until their containers are made. */
  views: string;
  /** Environments changed or removed since they were concretized: their locks are not recorded. */
  changed: ReadonlySet<string>;
}

type Accepted = Exclude<CheckedArtifact, { refused: string }>;

/** Shared state of all steps for one artifact. */
interface Receiving {
  entry: MatrixEntry;
  plan: Plan;
  sources: Sources;
  destination: Destination;
  circumstances: Circumstances;
}

/** Outcome without the properties of the job. */
type Outcome = Omit<Received, 'entry' | 'title' | 'planned'>;

/**
 * Receives the artifact of one job: checks it against its plan, publishes its builds and records its
 * failures. A missing or invalid artifact becomes a failure and throws nothing; only faults of this program
 * or of the registry throw.
 */
export async function receiveArtifact(
  entry: MatrixEntry,
  sources: Sources,
  destination: Destination,
  circumstances: Circumstances,
): Promise<Received> {
  const plan = readPlanFolder(sources.plans, entry);
  const { request } = plan.inputs;
  const { specs, environment } = request;
  const { catalogDirectory } = destination;
  const { changed } = sources;
  const recordLock = lockRecorder(request, plan.lockText, { catalogDirectory, changed, ...circumstances });
  // Once before, since publishing may fail; once after, since a lock may have waited for these builds.
  recordLock();
  const outcome = await takeArtifact({ entry, plan, sources, destination, circumstances });
  recordLock();
  addFiles(catalogDirectory, failureFiles(outcome.failures, circumstances.job, catalogDirectory));
  return { entry, title: environment ?? specs.join(' '), planned: plan.hashes.size, ...outcome };
}

/** Checks a job's artifact and publishes it, while it is on this disk. */
async function takeArtifact(receiving: Receiving): Promise<Outcome> {
  const { entry, plan, sources, destination, circumstances } = receiving;
  const { catalogDirectory } = destination;
  const fail = (failures: Failure[]): Outcome => ({
    ...{ newBuilds: [], again: 0, reused: 0, warnings: [] },
    failures,
  });
  const refuse = (reason: string): Outcome => ({
    ...fail(failuresOfAll(plan, 'refused', reason, circumstances)),
    refused: reason,
  });
  try {
    return await sources.artifacts.use(entry.index, async (folder) => {
      if (folder === undefined) return fail(lostFailures(plan, catalogDirectory, circumstances));
      const { hashes, texts } = plan;
      const checked = await checkArtifact({ folder, hashes, texts, catalogDirectory });
      if ('refused' in checked) return refuse(checked.refused);
      const outcome = await publishArtifact(receiving, checked);
      if (plan.sbang === undefined) return outcome;
      const archive = keepView(folder, checked, receiving);
      return { ...outcome, containers: requestContainers(plan, plan.sbang, checked.record, archive) };
    });
  } catch (error) {
    if (!(error instanceof BadArchiveError)) throw error;
    return refuse(error.message);
  }
}

/** Publishes the builds of an accepted artifact, and records the packages and failures that it reports. */
async function publishArtifact(
  { entry, plan, destination, circumstances }: Receiving,
  { entries, record }: Accepted,
): Promise<Outcome> {
  const { catalogDirectory } = destination;
  const { inputs, roots } = plan;
  const environment = {
    ...destination.environment,
    BUILD_RUNNER: entry.runner,
    BUILD_CONTAINER: entry.container,
    BUILD_TARGET: entry.target,
    SPACK_VERSION: inputs.spack,
    SPACK_RELEASE: inputs.spackRelease,
    SPACK_PACKAGES_VERSION: inputs.packages,
    SPACK_PACKAGES_RELEASE: inputs.request.release,
  };
  // A part of a divided run may hold several requested specs.
  const typed = new Map(inputs.request.byHand && roots.map(({ hash, spec }) => [hash, spec]));
  const { newBuilds, warnings } = await publishEntries(entries, {
    ...destination,
    home: destination.homes?.get(entry.target),
    times: new Map(Object.entries(record.times ?? {})),
    environment,
    originOf: ({ root, inspected }) => {
      const byHand = typed.get(root.node.hash);
      return { ...readOrigin(environment, inspected.spackVersion), ...(byHand !== undefined && { byHand }) };
    },
  });
  const published = entries.map(({ root }) => root.node);
  addFiles(catalogDirectory, packageFiles(record.packages, plan, catalogDirectory, circumstances.date));
  forgetFailures(catalogDirectory, published);
  return {
    newBuilds: newBuilds.map(({ build }) => build),
    again: entries.length - newBuilds.length,
    reused: record.reused.length,
    failures: recordedFailures(record, plan, new Set(published.map(({ hash }) => hash)), circumstances),
    warnings,
  };
}

/**
 * Keeps the view of an environment: containers are made after all artifacts have been received, when this one
 * no longer exists.
 * @returns path of its archive
 */
function keepView(folder: string, { record: { view } }: Accepted, { entry, sources }: Receiving): string {
  const archive = join(sources.views, `${entry.index}-${VIEW_ARCHIVE}`);
  if (view && lstatSync(join(folder, VIEW_ARCHIVE), { throwIfNoEntry: false })?.isFile())
    copyFileSync(join(folder, VIEW_ARCHIVE), archive);
  return archive;
}

function requestContainers(
  { inputs, roots, nodes }: Plan,
  sbang: string,
  { environments, view, viewProblem }: BuildRecord,
  archive: string,
): ContainerRequest {
  return {
    environment: inputs.request.environment,
    roots: roots.flatMap(({ hash }) => nodes.get(hash) ?? []),
    nodes,
    environments,
    ...(view ? { view: { archive, variables: view } } : {}),
    viewProblem,
    sbang,
  };
}

/**
 * Returns the catalog's files for planned packages in a build's record, unless the catalog has newer ones.
 * The commit is taken from the plan. The commit's date comes from the untrusted build, and a date in the
 * future would always win: it is left out.
 */
function packageFiles(
  packages: readonly Package[],
  plan: Plan,
  catalogDirectory: string,
  now: string,
): NewFile[] {
  const names = new Set([...plan.nodes.values()].map(({ name }) => name));
  return packages.flatMap(({ commitDate, ...claimed }) => {
    if (!names.has(claimed.name)) return [];
    const isPast = commitDate !== undefined && commitDate <= now;
    const reported = Package.parse({
      ...claimed,
      commit: plan.inputs.packages,
      ...(isPast ? { commitDate } : {}),
    });
    const path = `packages/${reported.name}.json`;
    const recorded = readCatalogFile(catalogDirectory, path, Package);
    if (recorded && !isNewer(reported, recorded)) return [];
    if (recorded?.deprecated) reported.deprecated = recorded.deprecated;
    return [{ path, content: formatJson(reported), replace: true }];
  });
}

function isNewer(reported: Package, recorded: Package): boolean {
  if (reported.commit === recorded.commit) return false;
  return (reported.commitDate ?? '') > (recorded.commitDate ?? '');
}
