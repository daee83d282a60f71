import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildRecord } from '../../site/schemas/build-record.ts';
import { MAX_LOG_LINE_LENGTH, MAX_LOG_LINES } from '../../site/schemas/build-record.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { Failure } from '../../site/schemas/failure.ts';
import type { Node } from '../../site/schemas/node.ts';
import type { NewFile } from '../catalog/new-files.ts';
import { formatJson } from '../publish/records.ts';
import type { Plan } from './plan-folder.ts';

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
 * handed over nevertheless.
 */
export function recordedFailures(
  record: BuildRecord,
  plan: Plan,
  published: ReadonlySet<DagHash>,
  { target, run, date }: Circumstances,
): Failure[] {
  const names = new Set([...plan.nodes.values()].map(({ name }) => name));
  return record.failures.flatMap(({ hash, name, ...rest }) => {
    const isPlanned = hash === undefined ? names.has(name) : isOf(plan, hash, name) && !published.has(hash);
    if (!isPlanned) return [];
    return [Failure.parse({ name, hash, target, run, date, ...rest })];
  });
}

/** One failure for each thing that was asked of a job whose artifact is missing or refused. */
export function failuresOfAll(
  plan: Plan,
  kind: 'refused' | 'timeout' | 'other',
  reason: string,
  { target, run, date }: Circumstances,
): Failure[] {
  const log = reason
    .split('\n')
    .slice(0, MAX_LOG_LINES)
    .map((line) => line.slice(0, MAX_LOG_LINE_LENGTH));
  return plan.roots.flatMap(({ hash, spec }) => {
    const name = plan.nodes.get(hash)?.name;
    return name === undefined || !plan.hashes.has(hash)
      ? []
      : [Failure.parse({ name, spec, hash, target, kind, log, run, date })];
  });
}

/**
 * The catalog's files of failures: by hash, so that a newer one takes its place, else by job. One that is there already
 * but for its date is left out: the same run publishes for a second time, and nothing has failed again.
 */
export function failureFiles(failures: readonly Failure[], job: string, catalogDirectory: string): NewFile[] {
  return failures.flatMap((failure) => {
    const path = `failures/${failure.name}/${failure.hash ?? job}.json`;
    const content = formatJson(failure);
    const file = join(catalogDirectory, path);
    const known = existsSync(file) ? Failure.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
    if (known && formatJson({ ...known, date: failure.date }) === content) return [];
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
