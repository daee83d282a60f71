import { basename, relative } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parseSettings, type ProcessEnvironment } from '../../schemas/settings.ts';

/**
 * The git commit that a catalog's folder is read from. Undefined:
 * the folder is not part of a commit, or there is no git.
 */
export async function readDataCommit(folder: string): Promise<string | undefined> {
  try {
    // The second argument fails in a folder that is not in the commit, such as one that git ignores.
    const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD', 'HEAD:./'], { cwd: folder });
    return stdout.split('\n')[0];
  } catch {
    return undefined;
  }
}

/** The branch, and the folder in it, that a catalog is read from, according to a workflow's variables. */
export function dataPlace(environment: ProcessEnvironment): {
  branch: string;
  folder: string;
} {
  const folder = relative('.', parseSettings(environment).CATALOG_DIR);
  return {
    branch: environment['GITHUB_REF_NAME'] || 'main',
    // Do not reveal the path of a folder outside the project.
    folder: folder.startsWith('..') ? basename(folder) : folder,
  };
}
