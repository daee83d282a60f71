import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FROM_GIT } from '../../site/lib/catalog/catalog-files.ts';
import { DAY_MS } from '../../site/lib/format.ts';
import { microarchitectureOf, type Target } from '../../site/schemas/build-cache-settings.ts';
import { Origin } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { Node, targetOf } from '../../site/schemas/node.ts';
import { listNames, readJson } from '../cli/files.ts';
import type { OlderPackage } from './stale-packages.ts';

/** The fields that a choice needs: it reads thousands of these files. */
const BuiltFor = z.object({ origin: z.object({ target: Origin.shape.target }).optional() });
const NodeArch = Node.pick({ arch: true });
const FailedFor = Failure.pick({ target: true, date: true, kind: true, spec: true }).strip();

/**
 * Whether the catalog has a build of any version of a package for a target. A build without a recorded target
 * counts for every target of its microarchitecture.
 */
export function isCached(catalog: string, name: string, target: Target): boolean {
  const folder = join(catalog, 'builds', name);
  return list(folder).some((file) => {
    const { origin } = readJson(join(folder, file), BuiltFor, FROM_GIT);
    if (origin?.target !== undefined) return origin.target === target.name;
    const node = join(catalog, 'specs', name, file.replace(/\.json$/, '.spec.json'));
    return existsSync(node) && targetOf(readJson(node, NodeArch, FROM_GIT)) === microarchitectureOf(target);
  });
}

/** Failures that keep a run from trying again: those for a target in the days before a date. */
export interface FailureWindow {
  catalog: string;
  target: Target;
  days: number;
  date: Date;
}

/**
 * Whether a package failed recently. A job that uploaded nothing does not count: its runner died, not the build.
 * @param hash considers only this build, and ignores timeouts
 */
export function hasFailed(name: string, window: FailureWindow, hash?: DagHash): boolean {
  return listFailures(name, window, hash).some(({ kind }) => hash === undefined || kind !== 'timeout');
}

/**
 * The spec to renew an older package with: the one that a person requested, or the package's name when that one had no
 * solution recently and no build of the package is current. Undefined when it failed recently otherwise.
 */
export function renewalSpec(
  { name, request, isCurrent }: OlderPackage,
  window: FailureWindow,
): string | undefined {
  const failures = listFailures(name, window);
  if (failures.some(({ kind, spec }) => kind !== 'concretize' || spec !== request)) return undefined;
  if (failures.length === 0) return request ?? name;
  return isCurrent ? undefined : name;
}

/** Failures of the days before a date. */
function listFailures(
  name: string,
  { catalog, target, days, date }: FailureWindow,
  hash?: DagHash,
): z.infer<typeof FailedFor>[] {
  const folder = join(catalog, 'failures', name);
  return list(folder)
    .filter((file) => hash === undefined || file === `${hash}.json`)
    .map((file) => readJson(join(folder, file), FailedFor, FROM_GIT))
    .filter(
      (failure) =>
        failure.kind !== 'lost' &&
        (failure.target === undefined || failure.target === target.name) &&
        date.getTime() - Date.parse(failure.date) < days * DAY_MS,
    );
}

/** The JSON files in a folder; empty when it is missing. */
function list(folder: string): string[] {
  return listNames(folder).filter((file) => file.endsWith('.json'));
}
