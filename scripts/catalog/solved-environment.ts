import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { catalogPath } from '../../site/lib/catalog/catalog-files.ts';
import { SolvedEnvironment } from '../../site/schemas/lock-file.ts';
import { readJson } from '../cli/files.ts';

/** Reads what an environment was solved with, and its newer lock; of one from before that was recorded: nothing. */
export function readSolvedEnvironment(catalog: string, name: string): SolvedEnvironment {
  const file = join(catalog, catalogPath('solved', name));
  if (!existsSync(file)) return { targets: {} };
  return readJson(file, SolvedEnvironment, { advice: 'restore the file from git' });
}
