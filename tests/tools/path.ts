import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Tools that were fetched for the tests; git ignores them. */
export const TOOLS = resolve(import.meta.dirname, '../../.work/tools');
export const TOOLS_BIN = join(TOOLS, 'bin');

/** The absolute path of a program, among the fetched tools or on PATH; undefined when there is none. */
export function findProgram(name: string): string | undefined {
  return programFolders()
    .map((folder) => join(folder, name))
    .find(isProgram);
}

/** Folders in which programs are looked for, in order. */
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
