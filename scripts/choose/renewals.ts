import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { microarchitectureOf } from '../../site/schemas/build-cache-settings.ts';
import type { BuildCacheSettings, Target } from '../../site/schemas/build-cache-settings.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { targetOf } from '../../site/schemas/node.ts';
import { readSolvedEnvironment } from '../catalog/solved-environment.ts';
import { readJson } from '../cli/files.ts';
import { formatNumber } from '../../site/lib/format.ts';
import { listMissing } from '../concretize/plan.ts';
import { listEnvironments } from './environments.ts';
import type { Wish } from './requests.ts';
import { hasFailed } from './skip-reasons.ts';

const DAY_MS = 86_400_000;
const MONTH_DAYS = 30;
/** The most environments of one run: solving one takes minutes. The others' turn is the next day. */
const MOST_RENEWALS = 40;

/** What is known where a run chooses. */
interface Circumstances {
  /** Folder of the catalog. */
  catalog: string;
  packagesVersion: string;
  date: Date;
}

/**
 * The environments that a scheduled run solves again for its target, since their lock is of other recipes than those of
 * the settings, and those whose newer lock waits for builds. An environment that was never built for the target is none
 * of them: its own workflow builds it. The one that was solved the longest ago comes first.
 */
export function chooseRenewals(
  draw: Circumstances,
  target: Target,
  settings: BuildCacheSettings,
): { wishes: Wish[]; reasons: string[] } {
  const found = listEnvironments(draw.catalog)
    .flatMap((name) => judge(name, draw, target, settings) ?? [])
    .sort((left, right) => left.solved - right.solved)
    .slice(0, MOST_RENEWALS);
  const wishes = found.map(({ name, fresh }) => ({
    specs: [],
    target: target.name,
    environment: name,
    fresh,
  }));
  const renewed = found.filter(({ fresh }) => fresh).map(({ name }) => name);
  const continued = found.filter(({ fresh }) => !fresh).map(({ name }) => name);
  return {
    wishes,
    reasons: [
      ...describe(`solved again with the recipes ${draw.packagesVersion}`, renewed),
      ...describe('built on, solved again before', continued),
    ],
  };
}

function describe(what: string, names: string[]): string[] {
  return names.length === 0
    ? []
    : [`${formatNumber(names.length, 'environment')} ${what}: ${names.join(', ')}.`];
}

interface Renewal {
  name: string;
  /** Whether it is solved again; else its newer lock is built on. */
  fresh: boolean;
  /** When it was solved last, in milliseconds; 0: nobody knows. */
  solved: number;
}

function judge(
  name: string,
  { catalog, packagesVersion, date }: Circumstances,
  target: Target,
  { environments, retryAfterDays }: BuildCacheSettings,
): Renewal | undefined {
  const refresh = environments[name]?.refresh ?? 'monthly';
  const file = join(catalog, catalogPath('locks', name));
  if (refresh === 'never' || !existsSync(file) || hasFailed(catalog, name, target, retryAfterDays, date))
    return undefined;
  const { targets, next } = readSolvedEnvironment(catalog, name);
  const last = targets[target.name];
  const lock = readJson(file, LockFile, { advice: 'restore the file from git' });
  if (last === undefined && rootsFor(lock, target).length === 0) return undefined;
  const solved = last === undefined ? 0 : Date.parse(last.date);
  const isOld = refresh === 'always' || date.getTime() - solved >= MONTH_DAYS * DAY_MS;
  if (last?.release !== packagesVersion && isOld) return { name, fresh: true, solved };
  const waiting = next && LockFile.parse(next);
  if (!waiting || !canGoOn(waiting, target, catalog, retryAfterDays, date)) return undefined;
  return { name, fresh: false, solved };
}

/** Whether something of a lock is missing, and none of that has failed lately: it waits only for its turn. */
function canGoOn(lock: LockFile, target: Target, catalog: string, days: number, date: Date): boolean {
  const { concrete_specs: nodes } = lock;
  const hashes = listMissing({ ...lock, roots: rootsFor(lock, target) }, catalog);
  return (
    hashes.length > 0 &&
    !hashes.some((hash) => nodes[hash] && hasFailed(catalog, nodes[hash].name, target, days, date, hash))
  );
}

function rootsFor({ roots, concrete_specs: nodes }: LockFile, target: Target): LockFile['roots'] {
  return roots.filter(({ hash }) => nodes[hash] && targetOf(nodes[hash]) === microarchitectureOf(target));
}
