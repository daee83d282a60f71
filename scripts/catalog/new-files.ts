import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile } from '../cli/files.ts';

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
