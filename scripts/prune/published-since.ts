import { execFileSync } from 'node:child_process';
import { buildFile } from '../../site/lib/catalog/catalog-files.ts';
import type { Build } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { readFiles } from '../commit/branch.ts';
import { openGitHub } from '../github/api.ts';

/** Finds which of some builds the branch has by now: another run may publish again what was removed. */
export type FindPublished = (builds: readonly Build[]) => Promise<ReadonlySet<DagHash>>;

/**
 * Asks the head of the branch that a workflow runs for, at each call. Elsewhere nothing says which branch that is, and
 * it finds none.
 * @param catalog its folder, in a git checkout
 */
export function openBranch(catalog: string, environment: ProcessEnvironment): FindPublished {
  const { GITHUB_TOKEN: token, GITHUB_REPOSITORY: repository, GITHUB_REF_NAME: branch } = environment;
  if (!token || !repository || !branch) return () => Promise.resolve(new Set());
  const github = openGitHub(environment);
  const prefix = execFileSync('git', ['-C', catalog, 'rev-parse', '--show-prefix'], {
    encoding: 'utf8',
  }).trim();
  return async (builds) => {
    const hashes = new Map(builds.map((build) => [`${prefix}${buildFile(build)}`, build.hash]));
    const files = await readFiles(github, `refs/heads/${branch}`, [...hashes.keys()]);
    return new Set([...files.keys()].flatMap((path) => hashes.get(path) ?? []));
  };
}
