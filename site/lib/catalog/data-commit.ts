import { basename, relative } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parseSettings, type ProcessEnvironment } from '../../schemas/settings.ts';

/**
 * The git commit that a catalog's folder is read from; undefined where the folder is not part of a commit, or there
 * is no git.
 */
export async function readDataCommit(folder: string): Promise<string | undefined> {
  try {
    // The second name fails in a folder that the commit does not have, such as one that git ignores.
    const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD', 'HEAD:./'], { cwd: folder });
    return stdout.split('\n')[0];
  } catch {
    return undefined;
  }
}

/** The branch and the folder in it that a catalog is read from, as workflows say it. */
export function dataPlace(environment: ProcessEnvironment): {
  branch: string;
  folder: string;
} {
  const folder = relative('.', parseSettings(environment).CATALOG_DIR);
  return {
    branch: environment['GITHUB_REF_NAME'] || 'main',
    // A folder outside of the project is nobody's business.
    folder: folder.startsWith('..') ? basename(folder) : folder,
  };
}
