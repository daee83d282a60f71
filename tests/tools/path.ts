import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Folder of tools fetched for the tests; git ignores it. */
export const TOOLS = resolve(import.meta.dirname, '../../.work/tools');
export const TOOLS_BIN = join(TOOLS, 'bin');

/** Finds the absolute path of a program among the fetched tools or on PATH; undefined when there is none. */
export function findProgram(name: string): string | undefined {
  return programFolders()
    .map((folder) => join(folder, name))
    .find(isProgram);
}

/** Folders to search for programs, in order. */
export function programFolders(): string[] {
  return [TOOLS_BIN, ...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean)];
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
