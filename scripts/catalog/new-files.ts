import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isErrorCode } from '../cli/files.ts';

/** Of writing one file that other processes write, too. */
const MOST_TRIES = 20;

/** A file for the catalog. */
export interface NewFile {
  /** Relative to the catalog's folder. */
  path: string;
  content: string;
  /** Write over another content that is there; otherwise what is there stays. */
  replace?: boolean;
}

/**
 * Adds files to a catalog, in the order given, each whole or not at all.
 * When one cannot be written, those that this call added are taken away again.
 * @returns the paths that were written
 */
export function addFiles(directory: string, files: readonly NewFile[]): string[] {
  const written: string[] = [];
  const added: string[] = [];
  try {
    for (const { path, content, replace } of files) {
      const target = join(directory, path);
      const isThere = existsSync(target);
      if (isThere && (!replace || readFileSync(target, 'utf8') === content)) continue;
      const addedFolder = mkdirSync(dirname(target), { recursive: true });
      if (addedFolder) added.push(addedFolder);
      if (!isThere) added.push(target);
      replaceFile(target, content);
      written.push(path);
    }
  } catch (cause) {
    for (const path of added) rmSync(path, { recursive: true, force: true });
    throw new Error(`${directory}: cannot add to the catalog; nothing was added, run it again`, { cause });
  }
  return written;
}

/**
 * The fixed name next to the file is used up by the next run when this one is killed. (The library that others use for
 * this watches for signals at each file: of 30,000 files that is half of the time.)
 */
function replaceFile(target: string, content: string): void {
  const temporary = `${target}.tmp`;
  for (let tries = 1; ; tries += 1) {
    try {
      writeFileSync(temporary, content);
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
