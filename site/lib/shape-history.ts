import type { DagHash } from '../schemas/digest.ts';
import { Failure } from '../schemas/failure.ts';
import { LockFile } from '../schemas/lock-file.ts';
import { MonthlyStats } from '../schemas/monthly-stats.ts';
import type { Node } from '../schemas/node.ts';
import { Removed } from '../schemas/removed.ts';
import { parseEntry } from './parse-entry.ts';
import type { CatalogEntry } from './shape-catalog.ts';
import { compareTexts } from './versions.ts';

/** A failure and the path of its file below `failures/`, without the ending. */
export interface CatalogFailure extends Failure {
  id: string;
}

/** One of the owner's stacks. */
export interface CatalogEnvironment {
  name: string;
  /** Its `spack.yaml`. Absent: only the lock is there. */
  yaml?: string | undefined;
  /** What it was concretized to. Absent: it was not yet. */
  lock?: { roots: LockFile['roots']; nodes: Map<DagHash, Node> } | undefined;
}

/** What happened beside the builds. */
export interface CatalogHistory {
  /** The newest first. */
  failures: CatalogFailure[];
  /** By name. */
  environments: CatalogEnvironment[];
  /** The oldest first; a month without runs may be missing. */
  months: MonthlyStats[];
  /** The newest first. */
  removed: Removed[];
}

/** Shapes failures, environments, monthly counts and removals. Throws a sentence that names the file that does not fit. */
export function shapeHistory(
  entries: Record<'failures' | 'environments' | 'locks' | 'stats' | 'removed', readonly CatalogEntry[]>,
): CatalogHistory {
  return {
    failures: entries.failures
      .map(({ id, body = '' }) => ({ id, ...parseEntry(body, Failure, `failures/${id}.json`) }))
      .sort((left, right) => compareTexts(right.date, left.date) || compareTexts(left.id, right.id)),
    environments: shapeEnvironments(entries),
    months: entries.stats
      .map(({ id, body = '' }) => parseEntry(body, MonthlyStats, `stats/${id}.json`))
      .sort((left, right) => compareTexts(left.month, right.month)),
    removed: entries.removed
      .map(({ id, body = '' }) => parseEntry(body, Removed, `removed/${id}.json`))
      .sort(
        (left, right) => compareTexts(right.removed, left.removed) || compareTexts(left.hash, right.hash),
      ),
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
    const { roots, concrete_specs } = parseEntry(body, LockFile, `environments/${id}.lock.json`);
    const nodes = new Map(Object.values(concrete_specs).map((node) => [node.hash, node]));
    found.set(id, { ...found.get(id), name: id, lock: { roots, nodes } });
  }
  return [...found.values()].sort((left, right) => compareTexts(left.name, right.name));
}
