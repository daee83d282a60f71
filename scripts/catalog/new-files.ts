import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sync as writeFileAtomic } from 'write-file-atomic';

/**
 * Adds files to a catalog, in the order given, each whole or not at all; what is there already stays as it is.
 * When one cannot be written, those that this call added are taken away again.
 * @param files contents by path relative to the catalog
 * @returns the paths that were added
 */
export function addFiles(directory: string, files: ReadonlyMap<string, string>): string[] {
  const added: string[] = [];
  try {
    for (const [path, content] of files) {
      const target = join(directory, path);
      if (existsSync(target)) continue;
      mkdirSync(dirname(target), { recursive: true });
      added.push(path);
      writeFileAtomic(target, content, { fsync: false });
    }
  } catch (cause) {
    for (const path of added) rmSync(join(directory, path), { force: true });
    throw new Error(`${directory}: cannot add to the catalog; nothing was added, run it again`, { cause });
  }
  return added;
}
