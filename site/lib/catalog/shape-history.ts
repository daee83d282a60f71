import { isEnvironmentName } from '../../schemas/build-request.ts';
import { Failure } from '../../schemas/failure.ts';
import { LockFile, SolvedEnvironment } from '../../schemas/lock-file.ts';
import { MonthlyStats } from '../../schemas/monthly-stats.ts';
import { Removed } from '../../schemas/removed.ts';
import { parseEntry, type CatalogEntry } from './catalog-files.ts';
import type { CatalogHistory, CatalogEnvironment } from './site-catalog.ts';
import { takeFailures } from '../mirror/site-bytes.ts';
import { compareTexts } from '../spack/versions.ts';

/** The stored schema, but with the waiting lock in the form that pages use. */
const Solved = SolvedEnvironment.extend({ next: LockFile.optional() });

/**
 * Shapes failures, environments, monthly counts and removals.
 * Throws an error that names the file if one is invalid.
 * @param budget bytes for the whole site, of which failures get a share
 */
export function shapeHistory(
  entries: Record<'failures' | 'environments' | 'solved' | 'stats' | 'removed', readonly CatalogEntry[]>,
  locks: ReadonlyMap<string, LockFile>,
  budget: number,
): CatalogHistory {
  return {
    ...shapeFailures(entries.failures, budget),
    environments: shapeEnvironments(entries, locks),
    stats: entries.stats
      .map((entry) => parseEntry('stats', entry, MonthlyStats))
      .sort((left, right) => compareTexts(left.month, right.month)),
    removed: entries.removed
      .map((entry) => parseEntry('removed', entry, Removed))
      .sort((left, right) => compareTexts(left.hash, right.hash)),
  };
}

/** Failures that fit into their share of the budget, the newest first. */
export function shapeFailures(
  entries: readonly CatalogEntry[],
  budget: number,
): Pick<CatalogHistory, 'failures' | 'failuresLeftOut' | 'failureBytes'> {
  const all = entries
    .map((entry) => ({ id: entry.id, ...parseEntry('failures', entry, Failure) }))
    .sort((left, right) => compareTexts(right.date, left.date) || compareTexts(left.id, right.id));
  const { count, bytes } = takeFailures(all, budget);
  return { failures: all.slice(0, count), failuresLeftOut: all.length - count, failureBytes: bytes };
}

function shapeEnvironments(
  { environments, solved }: Record<'environments' | 'solved', readonly CatalogEntry[]>,
  locks: ReadonlyMap<string, LockFile>,
): CatalogEnvironment[] {
  const byName = new Map(
    environments
      .filter(({ id }) => isEnvironmentName(id))
      .map(({ id, body }): [string, CatalogEnvironment] => [id, { name: id, yaml: body }]),
  );
  for (const [name, lock] of locks) byName.set(name, { ...byName.get(name), name, lock });
  for (const entry of solved) {
    const environment = byName.get(entry.id);
    if (!environment) continue;
    const { targets, next } = parseEntry('solved', entry, Solved);
    const [newest] = Object.values(targets).sort((left, right) => compareTexts(right.date, left.date));
    byName.set(entry.id, { ...environment, release: newest?.release, next });
  }
  return [...byName.values()].sort((left, right) => compareTexts(left.name, right.name));
}
