import {
  lstatSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { z } from 'zod';
import { parseJson, type JsonSource } from '../../site/lib/json.ts';
import { quote } from '../build-cache/quote.ts';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Maximum number of tries to write one file that other processes write, too. */
const MOST_TRIES = 20;

/** True for a system error such as `ENOENT`. */
export function isErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Whether an error, or what caused it, is a lack of room on this machine's disk. */
export function isDiskFull(error: unknown): boolean {
  return (
    isErrorCode(error, 'ENOSPC') ||
    isErrorCode(error, 'EDQUOT') ||
    (error instanceof Error && error.cause !== undefined && isDiskFull(error.cause))
  );
}

/** For `.catch()`: returns undefined when the file is missing. */
export function ignoreMissing(error: unknown): undefined {
  if (isErrorCode(error, 'ENOENT')) return undefined;
  throw error;
}

/** A file's text. Node's own error does not name a folder that is in the file's place. */
export function readTextFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && isErrorCode(error, 'EISDIR')) Object.assign(error, { path });
    throw error;
  }
}

/** A file's bytes; undefined when the file is missing. */
export function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    return ignoreMissing(error);
  }
}

/** The names in a folder; empty when the folder is missing. */
export function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    return ignoreMissing(error) ?? [];
  }
}

/**
 * Bytes of each file in a folder and below, keyed by path; empty when the folder is missing. Symbolic links are left
 * out. (fast-glob takes four times as much processor time.)
 */
export function measureFiles(folder: string): Map<string, number> {
  const sizes = new Map<string, number>();
  const folders = [''];
  for (const below of folders) {
    for (const name of listNames(`${folder}/${below}`)) {
      const path = below + name;
      const stats = lstatSync(`${folder}/${path}`, { throwIfNoEntry: false });
      if (stats?.isDirectory()) folders.push(`${path}/`);
      else if (stats?.isFile()) sizes.set(path, stats.size);
    }
  }
  return sizes;
}

/**
 * Throws, before a command erases its output folder, when that is not a folder or has anything else in it: a typing
 * error would lose it.
 * @param isOwn the names that the command itself writes
 */
export function expectOwnFolder(folder: string, isOwn: RegExp): void {
  const other = listNames(folder).find((name) => !isOwn.test(name));
  if (other === undefined) return;
  throw new Error(
    `${folder}: expected an empty folder, or one that this command wrote, found ${quote(other)}; choose another one`,
  );
}

/** Throws when no site has been built in a folder, or it lacks a file. */
export function expectSite(folder: string, path = 'index.html'): void {
  if (existsSync(join(folder, path))) return;
  throw new Error(`${folder}: expected a built site, found no ${path}; run \`npm run build\` first`);
}

/** Reads a JSON file with a schema; an error names the file. */
export function readJson<T>(path: string, schema: z.ZodType<T>, source: Omit<JsonSource, 'where'>): T {
  return parseJson(readTextFile(path), schema, { where: path, ...source });
}

/**
 * Writes or replaces a file as a whole. A temporary file that a killed run leaves has a fixed name next to
 * it, so the next run overwrites it. (The usual library for this watches for signals at each file, which
 * takes half of the time for 30,000 files.)
 * @param flush whether to wait until the data is on the disk
 */
export function replaceFile(target: string, data: string | Uint8Array, { flush = false } = {}): void {
  const temporary = `${target}.tmp`;
  for (let tries = 1; ; tries += 1) {
    try {
      writeFileSync(temporary, data, { flush });
      renameSync(temporary, target);
      return;
    } catch (error) {
      // Another process that writes the same file has moved the temporary one into place.
      if (tries < MOST_TRIES && isErrorCode(error, 'ENOENT')) continue;
      rmSync(temporary, { force: true });
      throw error;
    }
  }
}

/** Calls `work` with a folder that is removed afterwards, even after an error, Ctrl-C or SIGTERM. */
export async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'spack-build-cache-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const stop = (signal: NodeJS.Signals) => {
    remove();
    process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
    process.kill(process.pid, signal);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    return await work(folder);
  } finally {
    process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
    remove();
  }
}
