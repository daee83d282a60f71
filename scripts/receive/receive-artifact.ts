import { copyFileSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildRecord } from '../../site/schemas/build-record.ts';
import type { MatrixEntry } from '../../site/schemas/build-request.ts';
import type { Build } from '../../site/schemas/build.ts';
import type { ContainerRequest } from '../containers/images-to-make.ts';
import type { Failure } from '../../site/schemas/failure.ts';
import { addFiles, type NewFile, readCatalogFile } from '../catalog/catalog.ts';
import { BadArchiveError } from '../github/errors.ts';
import { publishEntries, type Destination } from '../publish/publish-cache.ts';
import { lockRecorder } from '../concretize/environment-locks.ts';
import {
  failureFiles,
  failuresOfAll,
  forgetFailures,
  recordedFailures,
  type Circumstances,
} from './failures.ts';
import { VIEW_ARCHIVE, type BuildArtifacts } from './build-artifact.ts';
import { checkArtifact, type CheckedArtifact } from './check-artifact.ts';
import { readPlanFolder, type Plan } from './plan-folder.ts';
import { Package } from '../../site/schemas/package.ts';
import { formatJson } from '../../site/lib/json.ts';

/** What became of one job's artifact. */
export interface Received {
  entry: MatrixEntry;
  /** What was asked for, for people. */
  title: string;
  /** Number of builds that the job was to make. */
  planned: number;
  newBuilds: Build[];
  /** Builds that were in the catalog already when this artifact came. */
  again: number;
  /** Hashes that the job took from the cache, by its own word. */
  reused: number;
  failures: Failure[];
  /** The job uploaded nothing: what it was to build may be tried again. */
  isLost?: true;
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
  /** Environments that the owner has changed or removed since they were solved: their locks are not recorded. */
  changed: ReadonlySet<string>;
}

type Accepted = Exclude<CheckedArtifact, { refused: string }>;

/** What all steps of taking over one artifact need. */
interface Receiving {
  entry: MatrixEntry;
  plan: Plan;
  sources: Sources;
  destination: Destination;
  circumstances: Circumstances;
}

/** What taking over an artifact came to. */
type Outcome = Omit<Received, 'entry' | 'title' | 'planned'>;

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
  const { request } = plan.inputs;
  const { specs, environment } = request;
  const { catalogDirectory } = destination;
  const { changed } = sources;
  const recordLock = lockRecorder(request, plan.lockText, { catalogDirectory, changed, ...circumstances });
  // Before, since publishing may fail; after, since a lock may have waited for what this job built.
  recordLock();
  const outcome = await takeArtifact({ entry, plan, sources, destination, circumstances });
  recordLock();
  addFiles(catalogDirectory, failureFiles(outcome.failures, circumstances.job, catalogDirectory));
  return { entry, title: environment ?? specs.join(' '), planned: plan.hashes.size, ...outcome };
}

/** Checks the artifact of a job and publishes it, while it is on this disk. */
async function takeArtifact(receiving: Receiving): Promise<Outcome> {
  const { entry, plan, sources, destination, circumstances } = receiving;
  const fail = (kind: 'other' | 'refused', reason: string): Outcome => ({
    newBuilds: [],
    again: 0,
    reused: 0,
    warnings: [],
    failures: failuresOfAll(plan, kind, reason, circumstances),
    ...(kind === 'refused' ? { refused: reason } : {}),
  });
  try {
    return await sources.artifacts.use(entry.index, async (folder) => {
      if (folder === undefined) {
        const reason =
          'The build job uploaded nothing: it was cancelled, ran out of disk, or lost its runner.';
        return { ...fail('other', reason), isLost: true };
      }
      const { hashes, texts } = plan;
      const { catalogDirectory } = destination;
      const checked = await checkArtifact({ folder, hashes, texts, catalogDirectory });
      if ('refused' in checked) return fail('refused', checked.refused);
      const outcome = await publishArtifact(receiving, checked);
      if (plan.sbang === undefined) return outcome;
      const archive = keepView(folder, checked, receiving);
      return { ...outcome, containers: requestContainers(plan, plan.sbang, checked.record, archive) };
    });
  } catch (error) {
    if (!(error instanceof BadArchiveError)) throw error;
    return fail('refused', error.message);
  }
}

/** Publishes the builds of an accepted artifact, and records what it says of packages and of failures. */
async function publishArtifact(
  { entry, plan, destination, circumstances }: Receiving,
  { entries, record }: Accepted,
): Promise<Outcome> {
  const { catalogDirectory } = destination;
  const { newBuilds, warnings } = await publishEntries(entries, {
    ...destination,
    home: destination.homes?.get(entry.target),
    times: new Map(Object.entries(record.times ?? {})),
    environment: {
      ...destination.environment,
      BUILD_RUNNER: entry.runner,
      BUILD_TARGET: entry.target,
      SPACK_VERSION: plan.inputs.spack,
      SPACK_PACKAGES_VERSION: plan.inputs.packages,
      SPACK_PACKAGES_RELEASE: plan.inputs.request.release,
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
 * Keeps the view of an environment: containers are made when all artifacts have been received, and this one is gone
 * then.
 * @returns where its archive is
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
 * What a build says of planned packages, where the catalog has nothing newer. The commit is the plan's; the
 * commit's date is the build's word, and one in the future would win for ever: it is left out.
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
