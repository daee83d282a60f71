import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { parseJson } from '../../site/lib/json.ts';

/**
 * Reads a `spack.lock`, even if its `spack.yaml` is named. Throws one sentence when it is not a lock file.
 */
export async function readLock(file: string): Promise<LockFile> {
  const path = /\.ya?ml$/.test(file) ? join(dirname(file), 'spack.lock') : file;
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const advice =
      basename(path) === basename(file)
        ? 'name a spack.lock'
        : `run \`spack -e ${dirname(file)} concretize\` first`;
    throw new Error(`${path}: expected a lock file, found nothing to read; ${advice}`, { cause });
  });
  return parseJson(text, LockFile, {
    where: path,
    expected: 'a spack.lock as Spack 1.0 or newer writes it',
    advice: 'concretize it again',
  });
}
