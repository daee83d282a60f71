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

/** What publish itself knows of a failure. */
export interface Circumstances {
  target: string;
  /** Address of the workflow run. Absent outside GitHub. */
  run: string | undefined;
  /** Names failures without a hash; unique within the repository. */
  job: string;
  /** UTC, whole seconds. */
  date: string;
}

/**
 * The failures that a build recorded, as far as they are its to record: of planned packages, and not of what it
 * uploaded nevertheless.
 */
export function recordedFailures(
  record: BuildRecord,
  plan: Plan,
  published: ReadonlySet<DagHash>,
  { target, run, date }: Circumstances,
): Failure[] {
  const names = new Set([...plan.nodes.values()].map(({ name }) => name));
  const recorded = record.failures.flatMap(({ hash, name, ...rest }) => {
    const isPlanned = hash === undefined ? names.has(name) : isOf(plan, hash, name) && !published.has(hash);
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

/** The spec as it was planned: pages show it as a command, and what the build says of it may be anything. */
function plannedSpec({ roots, nodes }: Plan, name: string, hash: DagHash | undefined): string {
  const root = roots.find((node) =>
    hash === undefined ? nodes.get(node.hash)?.name === name : node.hash === hash,
  );
  const node = hash === undefined ? undefined : nodes.get(hash);
  return root?.spec ?? (node ? `${name}@${node.version}/${node.hash}` : name);
}

/** The end of a log within its bounds. */
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

/** One failure for each thing that was asked of a job whose artifact is missing or refused. */
export function failuresOfAll(
  plan: Plan,
  kind: 'refused' | 'timeout' | 'other',
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

/** The failure of what was asked for and not tried in any job, since something that it needs failed in one. */
export function notTriedFailure(
  { name, hash }: Pick<Node, 'name' | 'hash'>,
  spec: string,
  cause: Pick<Failure, 'spec'>,
  { target, run, date }: Omit<Circumstances, 'job'>,
): Failure {
  const log = cutLog([`not tried, since ${cause.spec.slice(0, 1_000)} did not build, which it needs`]);
  return Failure.parse({ name, spec, hash, target, kind: 'other', log, run, date });
}

/**
 * The catalog's files of failures: by hash, so that a newer one takes its place, else by job. One that is there already
 * but for its date is left out: the same run publishes for a second time, and nothing has failed again.
 */
export function failureFiles(failures: readonly Failure[], job: string, catalogDirectory: string): NewFile[] {
  return failures.flatMap((failure) => {
    const path = `failures/${failure.name}/${failure.hash ?? job}.json`;
    const content = formatJson(failure);
    const recorded = readCatalogFile(catalogDirectory, path, Failure);
    if (recorded && formatJson({ ...recorded, date: failure.date }) === content) return [];
    return [{ path, content, replace: true }];
  });
}

/** Takes away the failures of what has been built after all. */
export function forgetFailures(
  catalogDirectory: string,
  built: readonly Pick<Node, 'name' | 'hash'>[],
): void {
  for (const { name, hash } of built) {
    const file = join(catalogDirectory, 'failures', name, `${hash}.json`);
    if (existsSync(file)) rmSync(file);
  }
}

function isOf({ hashes, nodes }: Plan, hash: DagHash, name: string): boolean {
  return hashes.has(hash) && nodes.get(hash)?.name === name;
}
