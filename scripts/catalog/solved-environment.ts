import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { SolvedEnvironment } from '../../site/schemas/lock-file.ts';
import { readCatalogFile } from './catalog.ts';

/** Reads what an environment was solved with, and its newer lock; of one from before that was recorded: nothing. */
export function readSolvedEnvironment(catalog: string, name: string): SolvedEnvironment {
  return readCatalogFile(catalog, catalogPath('solved', name), SolvedEnvironment) ?? { targets: {} };
}
