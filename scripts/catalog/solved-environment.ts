import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { SolvedEnvironment } from '../../site/schemas/lock-file.ts';
import { listEntries, readCatalogFile } from './catalog.ts';

/** The roots of newer locks that wait for their builds, by environment. */
export function readNextRoots(catalog: string): Map<string, DagHash[]> {
  const rootsOf = (name: string) => readSolvedEnvironment(catalog, name).next?.roots ?? [];
  return new Map(
    listEntries(catalog, 'environments').map((name) => [name, rootsOf(name).map(({ hash }) => hash)]),
  );
}

/** Reads what an environment was solved with, and its newer lock; of one from before that was recorded: nothing. */
export function readSolvedEnvironment(catalog: string, name: string): SolvedEnvironment {
  const empty = { targets: {}, roots: {}, nextRoots: {} };
  return readCatalogFile(catalog, catalogPath('solved', name), SolvedEnvironment) ?? empty;
}

/**
 * The roots of a lock that were solved for a target: as it is recorded, and where nothing is, those of its system that
 * are recorded for no other.
 */
export function rootsFor<Root extends { hash: DagHash }>(
  roots: readonly Root[],
  target: string,
  recorded: SolvedEnvironment['roots'],
  isOfSystem: (hash: DagHash) => boolean,
): Root[] {
  const own = recorded[target];
  if (own) return roots.filter(({ hash }) => own.includes(hash));
  const others = new Set(Object.values(recorded).flat());
  return roots.filter(({ hash }) => !others.has(hash) && isOfSystem(hash));
}
