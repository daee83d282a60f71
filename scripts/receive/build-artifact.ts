import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { BuildRecord, MAX_RECORD_BYTES } from '../../site/schemas/build-record.ts';
import { isErrorCode } from '../cli/files.ts';

/** The view of an environment, beside the record. */
export const VIEW_ARCHIVE = 'view.tar.gz';

/**
 * Finds the artifact of a job, `handover-<index>-<attempt>`, of its latest attempt; undefined when there is none.
 * @param attempt of the run so far: an artifact of a later one was made up
 */
export function findHandover(directory: string, index: number, attempt = Infinity): string | undefined {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    // No artifact at all: nothing was downloaded, and the folder was not made.
    if (isErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  const attempts = names.flatMap((name) => {
    const [, ofIndex, ofAttempt] = /^handover-(\d{1,3})-(\d{1,4})$/.exec(name) ?? [];
    const isTheirs = Number(ofIndex) === index && Number(ofAttempt) <= attempt;
    return isTheirs ? [{ name, attempt: Number(ofAttempt) }] : [];
  });
  const latest = attempts.sort((a, b) => b.attempt - a.attempt)[0];
  return latest && join(directory, latest.name);
}

/**
 * The build cache in a handover; undefined when nothing was built: an artifact has no empty folders.
 * Throws when it is a link, which would lead to what others handed over.
 */
export function findCache(handover: string): string | undefined {
  const folder = join(handover, 'cache');
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (!found || found.isDirectory()) return found && folder;
  throw new Error(`${folder}: expected a folder, found something else`);
}

/** Reads the record that a build job handed over, which may be anything. */
export function readRecord(handover: string): BuildRecord {
  const file = join(handover, 'record.json');
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (!found?.isFile())
    throw new Error(`${file}: expected a file, found ${found ? 'something else' : 'nothing'}`);
  if (found.size > MAX_RECORD_BYTES) {
    throw new Error(`${file}: expected at most ${MAX_RECORD_BYTES} bytes, found ${found.size}`);
  }
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`${file}: expected JSON`, { cause });
  }
  const result = BuildRecord.safeParse(data);
  if (result.success) return result.data;
  throw new Error(`${file}: expected a build's record: ${z.prettifyError(result.error).slice(0, 1_000)}`);
}
