import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { hashesOf } from '../../site/schemas/node.ts';
import type { DividedRequests } from '../../site/schemas/build-request.ts';
import { buildFile } from '../../site/lib/catalog/catalog-files.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { Failure } from '../../site/schemas/failure.ts';
import { walk } from '../../site/lib/spack/dag.ts';
import { addFiles } from '../catalog/new-files.ts';
import { environmentFiles } from './environment-locks.ts';
import type { Sources } from './receive-artifact.ts';
import { failureFiles, notTriedFailure, type Circumstances } from './failures.ts';
import { readPlanFolder, REQUESTS_FOLDER, type Plan } from './plan-folder.ts';

/** What became of the requests that several jobs build. */
export interface DividedOutcome {
  /** Of what somebody asked for and no job tried, since something that it needs failed. */
  failures: Failure[];
  /** Hashes that a later run may still build, for a root that needs nothing that failed. */
  waiting: DagHash[];
  /** How long that probably takes, in seconds. */
  waitingSeconds: number;
  /** Requests whose builds are all there, but not their containers. */
  containers: number;
  /**
   * What was asked for, other than environments, and still waits: for the next run. Not where no root can be built any more:
   * the next run would try again what failed.
   */
  specs: string[];
}

/**
 * Records what only shows when all jobs have been received: the locks of environments that are divided, and what was
 * not tried in one job since another failed.
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
    const { environment } = plan.inputs.request;
    if (environment !== undefined && !changed.has(environment))
      addFiles(
        catalogDirectory,
        environmentFiles(plan.inputs.request, plan.lockText, catalogDirectory, circumstances.date),
      );
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
    if (isWaiting && environment === undefined) outcome.specs.push(plan.inputs.request.specs.join(' '));
    // Its image is made by a job that has all of it in one place: the next run's.
    if (isBuilt && plan.inputs.request.container) outcome.containers += 1;
  }
  addFiles(catalogDirectory, failureFiles(outcome.failures, circumstances.job, catalogDirectory));
  outcome.waiting = [...waiting].sort();
  for (const hash of waiting) outcome.waitingSeconds += seconds[hash] ?? 0;
  return outcome;
}

/** The failure of a node or of something that it needs; what ran out of time is none: it may be built yet. */
function failedNeed(
  hash: DagHash,
  { nodes, hashes }: Plan,
  failed: ReadonlyMap<DagHash, Failure>,
): Failure | undefined {
  for (const one of walk([hash], (from) => hashesOf(nodes.get(from)))) {
    const failure = hashes.has(one) ? failed.get(one) : undefined;
    if (failure && failure.kind !== 'timeout') return failure;
  }
  return undefined;
}
