import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { parseJson } from '../../site/lib/json.ts';
import type { JsonSource } from '../../site/lib/json.ts';

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

/** Reads a JSON file with a schema; an error names the file. */
export function readJson<T>(path: string, schema: z.ZodType<T>, source: Omit<JsonSource, 'where'>): T {
  return parseJson(readFileSync(path, 'utf8'), schema, { where: path, ...source });
}
