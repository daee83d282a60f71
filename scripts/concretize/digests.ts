import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sha256 } from '../../site/schemas/digest.ts';

/** The files of a request's folder whose digests stand in its `inputs.json`. */
export const DIGESTED_FILES = ['spack.yaml', 'spack.lock', 'plan.txt'] as const;

/** sha256 of a file's bytes, in hex. */
export function digestFile(path: string): Sha256 {
  return hash('sha256', readFileSync(path));
}

/** The digests of a request's files by name. */
export function digestFiles(folder: string): Record<string, Sha256> {
  return Object.fromEntries(DIGESTED_FILES.map((name) => [name, digestFile(join(folder, name))]));
}
