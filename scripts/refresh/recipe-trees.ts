import { existsSync, mkdirSync } from 'node:fs';
import { annotate } from '../github/actions.ts';
import { git } from '../spack/git-checkout.ts';

const BUILTIN = 'repos/spack_repo/builtin';

/** What a release of spack-packages has, by git's own ids: equal ids are equal bytes. */
export interface RecipeTrees {
  /** By package: the id of its folder, recipe and patches. */
  packages: ReadonlyMap<string, string>;
  /** By file of `build_systems`, which recipes import: its id. */
  shared: ReadonlyMap<string, string>;
}

/**
 * Reads the ids of a commit's recipes. Fetches directories alone, no file: two releases differ in some megabytes.
 * @param folder a git repository of its own, which is made when it is not there
 */
export async function readRecipeTrees(url: string, commit: string, folder: string): Promise<RecipeTrees> {
  if (!existsSync(`${folder}/HEAD`)) {
    mkdirSync(folder, { recursive: true });
    await git(folder, ['init', '--quiet', '--bare']);
  }
  try {
    await git(folder, ['fetch', '--quiet', '--depth', '1', '--filter=blob:none', '--', url, commit]);
  } catch (cause) {
    throw new Error(`cannot fetch "${commit}" of ${url}; expected one of its tags or commits`, { cause });
  }
  const root = `${await git(folder, ['rev-parse', 'FETCH_HEAD^{commit}'])}:${BUILTIN}`;
  const packages = await git(folder, ['ls-tree', `${root}/packages`]);
  return parseTrees(packages, await git(folder, ['ls-tree', `${root}/build_systems`]));
}

/** What git says of a commit that a repository does not have any more. */
const GONE = /not our ref|couldn't find remote ref/;

/**
 * The same of a commit that builds were made with. Undefined, and says so, where the repository does not have it any more:
 * a tag was moved, or history was written again. What was built with it cannot be compared, and the rest is.
 */
export async function readOldTrees(
  url: string,
  commit: string,
  folder: string,
): Promise<RecipeTrees | undefined> {
  try {
    return await readRecipeTrees(url, commit, folder);
  } catch (error) {
    if (!(error instanceof Error && GONE.test(String(error.cause)))) throw error;
    annotate(
      'warning',
      `${url} does not have the commit ${commit} any more, with which builds of this cache were made (was a tag moved?): they ` +
        'count as older than any release, and are renewed',
    );
    return undefined;
  }
}

/** The pure part of `readRecipeTrees`: what `git ls-tree` says of the packages and of the build systems. */
export function parseTrees(packages: string, shared: string): RecipeTrees {
  const entries = (text: string) =>
    [...text.matchAll(/^\d+ (?:tree|blob) ([0-9a-f]+)\t(.+)$/gm)].map(
      ([, id = '', path = '']) => [path, id] as const,
    );
  return {
    packages: new Map(entries(packages).map(([path, id]) => [folderPackage(path), id])),
    shared: new Map(entries(shared)),
  };
}

/** The package of a folder: that of `7zip` is `_7zip`. */
export function folderPackage(folder: string): string {
  return folder.replace(/^_(?=\d)/, '').replaceAll('_', '-');
}
