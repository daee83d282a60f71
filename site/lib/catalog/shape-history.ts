import { Failure } from '../../schemas/failure.ts';
import { LockFile } from '../../schemas/lock-file.ts';
import { MonthlyStats } from '../../schemas/monthly-stats.ts';
import { Removed } from '../../schemas/removed.ts';
import { parseEntry } from './parse-entry.ts';
import type { CatalogEntry, CatalogHistory, CatalogEnvironment } from './site-catalog.ts';
import { compareTexts } from '../spack/versions.ts';

/** Shapes failures, environments, monthly counts and removals. Throws a sentence that names the file that does not fit. */
export function shapeHistory(
  entries: Record<'failures' | 'environments' | 'locks' | 'stats' | 'removed', readonly CatalogEntry[]>,
): CatalogHistory {
  return {
    failures: entries.failures
      .map(({ id, body = '' }) => ({ id, ...parseEntry(body, Failure, `failures/${id}.json`) }))
      .sort((left, right) => compareTexts(right.date, left.date) || compareTexts(left.id, right.id)),
    environments: shapeEnvironments(entries),
    stats: entries.stats
      .map(({ id, body = '' }) => parseEntry(body, MonthlyStats, `stats/${id}.json`))
      .sort((left, right) => compareTexts(left.month, right.month)),
    removed: entries.removed
      .map(({ id, body = '' }) => parseEntry(body, Removed, `removed/${id}.json`))
      .sort((left, right) => compareTexts(left.hash, right.hash)),
  };
}

function shapeEnvironments({
  environments,
  locks,
}: Record<'environments' | 'locks', readonly CatalogEntry[]>): CatalogEnvironment[] {
  const found = new Map(
    environments.map(({ id, body }): [string, CatalogEnvironment] => [id, { name: id, yaml: body }]),
  );
  for (const { id, body = '' } of locks) {
    const lock = parseEntry(body, LockFile, `environments/${id}.lock.json`);
    found.set(id, { ...found.get(id), name: id, lock });
  }
  return [...found.values()].sort((left, right) => compareTexts(left.name, right.name));
}
