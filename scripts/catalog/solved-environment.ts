import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { SolvedEnvironment } from '../../site/schemas/lock-file.ts';
import { readRecord } from './catalog.ts';

/** Reads what an environment was solved with, and its newer lock; of one from before that was recorded: nothing. */
export function readSolvedEnvironment(catalog: string, name: string): SolvedEnvironment {
  return readRecord(catalog, catalogPath('solved', name), SolvedEnvironment) ?? { targets: {} };
}
