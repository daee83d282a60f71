import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sha256 } from '../../site/schemas/digest.ts';

/** The files of a request's folder whose digests are in its `inputs.json`. */
export const DIGESTED_FILES = ['spack.yaml', 'spack.lock', 'plan.txt'] as const;
/** Spack's own script for long shebangs, for containers: there when they are wanted. */
export const SBANG_FILE = 'sbang';

/** sha256 of a file's bytes, in hex. */
export function digestFile(path: string): Sha256 {
  return hash('sha256', readFileSync(path));
}

/** The digests of a request's files by name. */
export function digestFiles(folder: string): Record<string, Sha256> {
  const names = [...DIGESTED_FILES, ...(existsSync(join(folder, SBANG_FILE)) ? [SBANG_FILE] : [])];
  return Object.fromEntries(names.map((name) => [name, digestFile(join(folder, name))]));
}
