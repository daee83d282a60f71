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
  return readCatalogFile(catalog, catalogPath('solved', name), SolvedEnvironment) ?? { targets: {} };
}
