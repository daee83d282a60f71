import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  MAX_FAILURES,
  MAX_LOG_BYTES,
  MAX_LOG_LINE_LENGTH,
  MAX_LOG_LINES,
  type BuildRecord,
} from '../../site/schemas/build-record.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { escapeUnsafe } from '../../site/schemas/safe-text.ts';
import { Failure } from '../../site/schemas/failure.ts';
import type { Node } from '../../site/schemas/node.ts';
import { readCatalogFile, type NewFile } from '../catalog/catalog.ts';
import type { Plan } from './plan-folder.ts';
import { formatJson } from '../../site/lib/json.ts';

/** Line in the log of a failure, for a job that uploaded nothing twice. */
const REPEATED = 'The job before it that tried this uploaded nothing, too.';

/** Facts about a failure that the publish job itself knows. */
export interface Circumstances {
  target: string;
  /** Address of the workflow run. Undefined outside GitHub. */
  run: string | undefined;
  /** Names failures without a hash; unique within the repository. */
  job: string;
  /** UTC, whole seconds. */
  date: string;
}

/**
 * Returns the failures in a build's record that it is entitled to report: those of planned packages that it
 * did not upload.
 */
export function recordedFailures(
  record: BuildRecord,
  plan: Plan,
  published: ReadonlySet<DagHash>,
  { target, run, date }: Circumstances,
): Failure[] {
  const names = new Set([...plan.nodes.values()].map(({ name }) => name));
  const recorded = record.failures.flatMap(({ hash, name, ...rest }) => {
    const isPlanned =
      hash === undefined
        ? names.has(name)
        : plan.hashes.has(hash) && plan.nodes.get(hash)?.name === name && !published.has(hash);
    if (!isPlanned) return [];
    const failure = {
      ...rest,
      ...(rest.line === undefined ? {} : { line: escapeUnsafe(rest.line, '\t') }),
      ...(rest.phase === undefined ? {} : { phase: escapeUnsafe(rest.phase) }),
      log: cutLog(rest.log),
      spec: plannedSpec(plan, name, hash),
    };
    return [Failure.parse({ name, hash, target, run, date, ...failure })];
  });
  return recorded.slice(0, MAX_FAILURES);
}

/** The spec from the plan: pages show it as a command, and the build's own text is untrusted. */
function plannedSpec({ roots, nodes }: Plan, name: string, hash: DagHash | undefined): string {
  const root = roots.find((node) =>
    hash === undefined ? nodes.get(node.hash)?.name === name : node.hash === hash,
  );
  const node = hash === undefined ? undefined : nodes.get(hash);
  return root?.spec ?? (node ? `${name}@${node.version}/${node.hash}` : name);
}

/** The end of a log, within the size limit. */
function cutLog(log: readonly string[]): string[] {
  const lines: string[] = [];
  let bytes = 0;
  for (const line of log.toReversed()) {
    const shown = escapeUnsafe(line, '\t');
    bytes += Buffer.byteLength(shown) + 1;
    if (bytes > MAX_LOG_BYTES) break;
    lines.unshift(shown);
  }
  return lines;
}

/** One failure for each request of a job whose artifact is missing or refused. */
export function failuresOfAll(
  plan: Plan,
  kind: 'refused' | 'lost',
  reason: string,
  { target, run, date }: Circumstances,
): Failure[] {
  const lines = reason.split('\n').slice(0, MAX_LOG_LINES);
  const log = cutLog(lines.map((line) => line.slice(0, MAX_LOG_LINE_LENGTH)));
  return plan.roots.flatMap(({ hash, spec }) => {
    const name = plan.nodes.get(hash)?.name;
    return name === undefined || !plan.hashes.has(hash)
      ? []
      : [Failure.parse({ name, spec, hash, target, kind, log, run, date })];
  });
}

/**
 * Returns the failures of a job that uploaded nothing. If the run before lost the same build, it is likely
 * that the build ends its runner: then it counts as a failure of the build.
 */
export function lostFailures(plan: Plan, catalogDirectory: string, circumstances: Circumstances): Failure[] {
  const reason =
    'The build job uploaded nothing: it was cancelled, ran out of disk, or lost its runner, or the image of its ' +
    'container could not be fetched.';
  return failuresOfAll(plan, 'lost', reason, circumstances).map((failure) => {
    const recorded = readCatalogFile(catalogDirectory, failurePath(failure, circumstances.job), Failure);
    const isRepeated =
      recorded?.run === failure.run ? recorded?.log.includes(REPEATED) : recorded?.kind === 'lost';
    return isRepeated ? { ...failure, kind: 'unknown', log: [...failure.log, REPEATED] } : failure;
  });
}

/** The failure of a requested spec that no job tried, because one of its dependencies failed. */
export function notTriedFailure(
  { name, hash }: Pick<Node, 'name' | 'hash'>,
  spec: string,
  cause: Pick<Failure, 'spec'>,
  { target, run, date }: Omit<Circumstances, 'job'>,
): Failure {
  const log = cutLog([`not tried: it needs ${cause.spec.slice(0, 1_000)}, which did not build`]);
  return Failure.parse({ name, spec, hash, target, kind: 'other', log, run, date });
}

/**
 * Returns the catalog's files of failures, named by hash, so that a newer failure replaces an older one, else
 * by job. A failure that is already recorded with another date is left out: the same run publishes again, and
 * nothing new has failed.
 */
export function failureFiles(failures: readonly Failure[], job: string, catalogDirectory: string): NewFile[] {
  return failures.flatMap((failure) => {
    const path = failurePath(failure, job);
    const content = formatJson(failure);
    const recorded = readCatalogFile(catalogDirectory, path, Failure);
    if (recorded && formatJson({ ...recorded, date: failure.date }) === content) return [];
    return [{ path, content, replace: true }];
  });
}

function failurePath({ name, hash }: Pick<Failure, 'name' | 'hash'>, job: string): string {
  return `failures/${name}/${hash ?? job}.json`;
}

/** Removes the failures of specs that have been built since. */
export function forgetFailures(
  catalogDirectory: string,
  built: readonly Pick<Node, 'name' | 'hash'>[],
): void {
  for (const { name, hash } of built) {
    const file = join(catalogDirectory, 'failures', name, `${hash}.json`);
    if (existsSync(file)) rmSync(file);
  }
}
