import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import glob from 'fast-glob';
import { replaceFile } from '../cli/files.ts';

/**
 * Shows whether any file of these paths and folders changed: a hash over names, sizes and times of change.
 * @param settings whatever else the outcome depends on
 */
export async function fingerprint(paths: string[], settings: string[] = []): Promise<string> {
  const patterns = await Promise.all(paths.map(patternOf));
  const entries = await glob(patterns, { stats: true, dot: true, followSymbolicLinks: false });
  const lines = entries
    .map(({ path, stats }) => `${path} ${stats?.size ?? ''} ${stats?.mtimeMs ?? ''}`)
    .sort();
  return createHash('sha256')
    .update([...settings, ...lines].join('\n'))
    .digest('hex');
}

/** A path that is missing has no files: whoever reads it next says so. */
async function patternOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ? `${glob.escapePath(path)}/**` : glob.escapePath(path);
}

/** A file that remembers the fingerprint of what a stage was made from. */
export async function readStamp(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

export function writeStamp(path: string, stamp: string): void {
  replaceFile(path, stamp);
}
