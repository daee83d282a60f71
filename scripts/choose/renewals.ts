import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import {
  microarchitectureOf,
  type BuildCacheSettings,
  type Target,
} from '../../site/schemas/build-cache-settings.ts';
import { MAX_JOBS } from '../../site/schemas/build-request.ts';
import { LockFile, type SolvedEnvironment } from '../../site/schemas/lock-file.ts';
import { targetOf } from '../../site/schemas/node.ts';
import { readCatalogFile } from '../catalog/catalog.ts';
import { readSolvedEnvironment, rootsFor } from '../concretize/environment-locks.ts';
import { formatNumber, DAY_MS } from '../../site/lib/format.ts';
import { listMissing } from '../concretize/plan.ts';
import { listEnvironments } from './environments.ts';
import type { Wish } from './run-inputs.ts';
import { hasFailed, type FailureWindow } from './skip-reasons.ts';
import { ownValue } from '../../site/schemas/safe-text.ts';

const MONTH_DAYS = 30;
/**
 * Maximum number of environments to solve per run and target: each takes minutes, and the concretize job of a target has six
 * hours. The others follow on the next day.
 */
const MOST_SOLVED = 50;

/**
 * The environments that a scheduled run solves again because their lock is from other recipes than the settings', and those
 * whose newer lock still waits for builds, for each target. Environments that were never built for a target are excluded:
 * their own workflow builds them. Those to solve come first, in the order of their last solve.
 * @param windows one for each target
 */
export function chooseRenewals(
  release: string,
  windows: readonly FailureWindow[],
  environments: BuildCacheSettings['environments'],
): { wishes: Wish[]; reasons: string[] } {
  const candidates = windows.map((window) =>
    listEnvironments(window.catalog)
      .flatMap((name) => judge(name, release, window, ownValue(environments, name)?.refresh) ?? [])
      .sort((left, right) => left.solved - right.solved),
  );
  const toSolve = candidates.flatMap((own) => own.filter(({ fresh }) => fresh).slice(0, MOST_SOLVED));
  const renewals = [
    ...toSolve.sort((left, right) => left.solved - right.solved),
    ...candidates.flat().filter(({ fresh }) => !fresh),
  ].slice(0, MAX_JOBS);
  const wishes = renewals.map(({ name, target, fresh }) => ({ specs: [], target, environment: name, fresh }));
  const reasons = windows.flatMap(({ target: { name: target } }) => {
    const own = renewals.filter((renewal) => renewal.target === target);
    return [
      ...describe(
        `solved again with the recipes ${release}, for ${target}`,
        own.filter(({ fresh }) => fresh),
      ),
      ...describe(
        `continued, solved by an earlier run, for ${target}`,
        own.filter(({ fresh }) => !fresh),
      ),
    ];
  });
  return { wishes, reasons };
}

function describe(what: string, renewals: readonly Renewal[]): string[] {
  const names = renewals.map(({ name }) => name).join(', ');
  return names === '' ? [] : [`${formatNumber(renewals.length, 'environment')} ${what}: ${names}.`];
}

interface Renewal {
  name: string;
  /** Name of the target. */
  target: string;
  /** Whether to solve it again; otherwise the builds of its newer lock are continued. */
  fresh: boolean;
  /** Time of the last solve, in milliseconds; 0: unknown. */
  solved: number;
}

function judge(
  name: string,
  release: string,
  window: FailureWindow,
  refresh = 'monthly',
): Renewal | undefined {
  const { catalog, target, date } = window;
  if (refresh === 'never' || hasFailed(name, window)) return undefined;
  const lock = readCatalogFile(catalog, catalogPath('locks', name), LockFile);
  if (!lock) return undefined;
  const { targets, next, roots, nextRoots } = readSolvedEnvironment(catalog, name);
  const last = ownValue(targets, target.name);
  if (last === undefined && rootsOf(lock, roots, target).length === 0) return undefined;
  const solved = last === undefined ? 0 : Date.parse(last.date);
  const isOld = refresh === 'always' || date.getTime() - solved >= MONTH_DAYS * DAY_MS;
  if (last?.release !== release && isOld) return { name, target: target.name, fresh: true, solved };
  const waiting = next && LockFile.parse(next);
  if (!waiting || !canGoOn({ ...waiting, roots: rootsOf(waiting, nextRoots, target) }, window))
    return undefined;
  return { name, target: target.name, fresh: false, solved };
}

/** Whether a lock has missing builds none of which failed recently, so that they only need a run. */
function canGoOn(lock: LockFile, window: FailureWindow): boolean {
  const { concrete_specs: nodes } = lock;
  const hashes = listMissing(lock, window.catalog);
  return (
    hashes.length > 0 && !hashes.some((hash) => nodes[hash] && hasFailed(nodes[hash].name, window, hash))
  );
}

function rootsOf(
  { roots, concrete_specs: nodes }: LockFile,
  recorded: SolvedEnvironment['roots'],
  target: Target,
): LockFile['roots'] {
  return rootsFor(
    roots,
    target.name,
    recorded,
    (hash) => nodes[hash] !== undefined && targetOf(nodes[hash]) === microarchitectureOf(target),
  );
}
