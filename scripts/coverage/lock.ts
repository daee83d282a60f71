import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { LockFile } from '../../site/schemas/lock-file.ts';

/** Reads a `spack.lock`, also when its `spack.yaml` is named. Throws one sentence when it is no such file. */
export async function readLock(file: string): Promise<LockFile> {
  const path = /\.ya?ml$/.test(file) ? join(dirname(file), 'spack.lock') : file;
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const advice =
      basename(path) === basename(file)
        ? 'name a spack.lock'
        : `run \`spack -e ${dirname(file)} concretize\` first`;
    throw new Error(`${path}: expected a lock file, found nothing to read; ${advice}`, { cause });
  });
  return parseLock(text, path);
}

function parseLock(text: string, where: string): LockFile {
  const result = LockFile.safeParse(parseJson(text, where));
  if (result.success) return result.data;
  throw new Error(
    `${where}: expected a spack.lock as Spack 1.0 or newer writes it, found something else; concretize again\n` +
      z.prettifyError(result.error).split('\n').slice(0, 2).join('\n'),
  );
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${where}: expected JSON as in a spack.lock, found something else`, { cause });
  }
}
