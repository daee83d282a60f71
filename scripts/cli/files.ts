import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { z } from 'zod';
import { parseJson, type JsonSource } from '../../site/lib/json.ts';

/** Of writing one file that other processes write, too. */
const MOST_TRIES = 20;

/** True for a system error such as `ENOENT`. */
export function isErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** For `.catch()`: undefined where there is no such file. */
export function ignoreMissing(error: unknown): undefined {
  if (isErrorCode(error, 'ENOENT')) return undefined;
  throw error;
}

/** A file's bytes; undefined where there is no such file. */
export function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    return ignoreMissing(error);
  }
}

/** The names in a folder; none where there is no such folder. */
export function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    return ignoreMissing(error) ?? [];
  }
}

/** Reads a JSON file with a schema; an error names the file. */
export function readJson<T>(path: string, schema: z.ZodType<T>, source: Omit<JsonSource, 'where'>): T {
  return parseJson(readFileSync(path, 'utf8'), schema, { where: path, ...source });
}

/**
 * Writes a file, or replaces it, as a whole. The fixed name next to it is used up by the next run when this one is
 * killed. (The library that others use for this watches for signals at each file: of 30,000 files that is half of the
 * time.)
 * @param flush whether it is on the disk, too, when this returns
 */
export function replaceFile(target: string, data: string | Uint8Array, { flush = false } = {}): void {
  const temporary = `${target}.tmp`;
  for (let tries = 1; ; tries += 1) {
    try {
      writeFileSync(temporary, data, { flush });
      renameSync(temporary, target);
      return;
    } catch (error) {
      // Another process that adds the same file has moved it into place.
      if (tries < MOST_TRIES && isErrorCode(error, 'ENOENT')) continue;
      rmSync(temporary, { force: true });
      throw error;
    }
  }
}
