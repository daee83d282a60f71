import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import glob from 'fast-glob';

/** Reads the sha256 of every file in a folder: folders with equal states are identical. */
export async function readState(folder: string): Promise<Record<string, string>> {
  const paths = (await glob('**', { cwd: folder, dot: true })).sort();
  const digests = await Promise.all(paths.map((path) => hashFile(join(folder, path))));
  return Object.fromEntries(paths.map((path, position) => [path, digests[position] ?? '']));
}

/** Reads the modification time of each file in a folder. */
export async function readTimes(folder: string): Promise<Record<string, number>> {
  const entries = await glob('**', { cwd: folder, dot: true, stats: true });
  return Object.fromEntries(entries.map(({ path, stats }) => [path, stats?.mtimeMs ?? 0]));
}

async function hashFile(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
