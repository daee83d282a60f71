import { join } from 'node:path';
import { existsSync } from 'node:fs';
import type { SolvedFailure } from '../../site/schemas/build-record.ts';
import type { DividedRequests, MatrixEntry } from '../../site/schemas/build-request.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { addFiles } from '../catalog/catalog.ts';
import { describeError } from '../cli/command.ts';
import { annotate, withGroup } from '../github/actions.ts';
import type { Destination } from '../publish/publish-cache.ts';
import { readDate, readOrigin } from '../publish/origin.ts';
import { failureFiles, notTriedFailure, type Circumstances } from './failures.ts';
import { receiveArtifact, type Received, type Sources } from './receive-artifact.ts';
import { hashesOf } from '../../site/schemas/node.ts';
import { buildFile } from '../../site/lib/catalog/catalog-files.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { walk } from '../../site/lib/spack/dag.ts';
import { lockRecorder } from '../concretize/environment-locks.ts';
import { readPlanFolder, REQUESTS_FOLDER, type Plan } from './plan-folder.ts';

/** Outcome for all artifacts of a run. */
export interface ReceivedRun {
  received: Received[];
  /** Failures of the requests without a solution, which got no job. */
  unsolved: readonly SolvedFailure[];
  /** Outcome for requests that several jobs build, if any. */
  divided?: DividedOutcome;
  /** One sentence for each job that could not be published for reasons other than its artifact. */
  faults: string[];
}

/** Receives each job's artifact in turn; none affects the others. Records requests without a solution. */
export async function receiveAll(
  entries: readonly MatrixEntry[],
  sources: Sources,
  destination: Destination,
  unsolved: readonly SolvedFailure[] = [],
  divided?: DividedRequests,
): Promise<ReceivedRun> {
  const { environment } = destination;
  const { run } = readOrigin(environment);
  const date = readDate(environment, new Date());
  const result: ReceivedRun = { received: [], unsolved, faults: [] };
  addFiles(
    destination.catalogDirectory,
    unsolved.flatMap(({ target, ...failure }, index) => {
      const job = `${environment['GITHUB_RUN_ID'] ?? Date.parse(date)}-unsolved-${index}`;
      const failed = Failure.parse({ ...failure, target, run, date });
      return failureFiles([failed], job, destination.catalogDirectory);
    }),
  );
  for (const entry of entries) {
    const job = `${environment['GITHUB_RUN_ID'] ?? Date.parse(date)}-${entry.index}`;
    const circumstances = { target: entry.target, run, job, date };
    try {
      const outcome = await withGroup(`Job ${entry.index} for ${entry.target}`, () =>
        receiveArtifact(entry, sources, destination, circumstances),
      );
      result.received.push(outcome);
      announce(outcome);
    } catch (error) {
      result.faults.push(`job ${entry.index}: ${describeError(error)}; run this job again`);
    }
  }
  if (!divided) return result;
  const failed = new Map(
    result.received.flatMap(({ failures }) =>
      failures.flatMap((failure) => (failure.hash ? [[failure.hash, failure] as const] : [])),
    ),
  );
  result.divided = receiveDivided(
    divided,
    failed,
    { ...sources, catalogDirectory: destination.catalogDirectory },
    { run, job: `${environment['GITHUB_RUN_ID'] ?? Date.parse(date)}-divided`, date },
  );
  return result;
}

function announce({ entry, refused, warnings, failures }: Received): void {
  if (refused !== undefined) annotate('warning', `job ${entry.index} is refused: ${refused}`);
  for (const warning of warnings) annotate('warning', warning);
  for (const { name, kind, spec } of failures) annotate('warning', `${name} failed (${kind}): ${spec}`);
}

/** Outcome for the requests that several jobs build. */
export interface DividedOutcome {
  /** Failures of requested specs that no job tried, because one of their dependencies failed. */
  failures: Failure[];
  /** Hashes that a later run may still build, for roots without failed dependencies. */
  waiting: DagHash[];
  /** Estimated time for that, in seconds. */
  waitingSeconds: number;
  /** Number of requests whose builds all exist, but not their containers. */
  containers: number;
  /**
   * Requests, other than environments, that wait for the next run. Excludes requests without any root that
   * can still be built: the next run would only try again what failed.
   */
  specs: string[];
}

/**
 * Records results that are only known when all jobs have been received: the locks of divided environments,
 * and specs that were not tried because another job failed.
 */
export function receiveDivided(
  { requests, seconds }: DividedRequests,
  failed: ReadonlyMap<DagHash, Failure>,
  { plans, catalogDirectory, changed }: Pick<Sources, 'plans' | 'changed'> & { catalogDirectory: string },
  circumstances: Omit<Circumstances, 'target'>,
): DividedOutcome {
  const outcome: DividedOutcome = { failures: [], waiting: [], waitingSeconds: 0, containers: 0, specs: [] };
  const waiting = new Set<DagHash>();
  for (const entry of requests) {
    const plan = readPlanFolder(join(plans, REQUESTS_FOLDER), entry);
    const { request } = plan.inputs;
    lockRecorder(request, plan.lockText, { catalogDirectory, changed, ...circumstances })();
    const leftOut = new Set(plan.inputs.leftOut);
    let isBuilt = leftOut.size === 0;
    let isWaiting = false;
    const roots = new Map(plan.roots.map(({ hash, spec }) => [hash, spec]));
    const possible = plan.roots.filter(
      ({ hash }) => !leftOut.has(hash) && failedNeed(hash, plan, failed) === undefined,
    );
    const useful = new Set(
      walk(
        possible.map(({ hash }) => hash),
        (hash) => hashesOf(plan.nodes.get(hash)),
      ),
    );
    for (const hash of plan.hashes) {
      const node = plan.nodes.get(hash);
      if (!node || existsSync(join(catalogDirectory, buildFile(node)))) continue;
      isBuilt = false;
      if (useful.has(hash)) {
        waiting.add(hash);
        isWaiting = true;
        continue;
      }
      const cause = failedNeed(hash, plan, failed);
      if (cause && roots.has(hash) && !failed.has(hash))
        outcome.failures.push(
          notTriedFailure(node, roots.get(hash) ?? '', cause, { ...circumstances, target: entry.target }),
        );
    }
    if (isWaiting && request.environment === undefined) outcome.specs.push(request.specs.join(' '));
    // The next run makes its image, in a job that has all of its builds in one place.
    if (isBuilt && request.container) outcome.containers += 1;
  }
  addFiles(catalogDirectory, failureFiles(outcome.failures, circumstances.job, catalogDirectory));
  outcome.waiting = [...waiting].sort();
  for (const hash of waiting) outcome.waitingSeconds += seconds[hash] ?? 0;
  return outcome;
}

/**
 * Finds the failure of a node or of its dependencies, except a timeout or a job that uploaded nothing: a later
 * run may succeed.
 */
function failedNeed(
  hash: DagHash,
  { nodes, hashes }: Plan,
  failed: ReadonlyMap<DagHash, Failure>,
): Failure | undefined {
  for (const needed of walk([hash], (from) => hashesOf(nodes.get(from)))) {
    const failure = hashes.has(needed) ? failed.get(needed) : undefined;
    if (failure && failure.kind !== 'timeout' && failure.kind !== 'lost') return failure;
  }
  return undefined;
}
