import { existsSync, mkdirSync } from 'node:fs';
import { withTemporaryFolder } from '../cli/files.ts';
import { annotate } from '../github/actions.ts';
import { git } from '../cli/git.ts';
import { askRemote } from '../spack/git-checkout.ts';

const BUILTIN = 'repos/spack_repo/builtin';

/** Contents of a release of spack-packages as git object ids: equal ids mean equal bytes. */
export interface RecipeTrees {
  /** Ids of the folders with recipe and patches, keyed by package. */
  packages: ReadonlyMap<string, string>;
  /** Ids of the files in `build_systems`, which recipes import, keyed by file name. */
  shared: ReadonlyMap<string, string>;
}

/**
 * Reads the ids of a commit's recipes. Fetches only directories, not files: a few megabytes per release.
 * @param folder a separate git repository, which is created if missing
 */
export async function readRecipeTrees(url: string, commit: string, folder: string): Promise<RecipeTrees> {
  if (!existsSync(`${folder}/HEAD`)) {
    mkdirSync(folder, { recursive: true });
    await git(folder, ['init', '--quiet', '--bare']);
  }
  try {
    await askRemote(folder, ['fetch', '--quiet', '--depth', '1', '--filter=blob:none', '--', url, commit]);
  } catch (cause) {
    throw new Error(`cannot fetch "${commit}" of ${url}; expected one of its tags or commits`, { cause });
  }
  const listOf = (name: string) =>
    git(folder, ['ls-tree', `FETCH_HEAD:${BUILTIN}/${name}`]).catch((cause: unknown) => {
      throw new Error(`${url} has no recipes at "${commit}"; set packages to one of its tags or commits`, {
        cause,
      });
    });
  return parseTrees(await listOf('packages'), await listOf('build_systems'));
}

/**
 * Recipes of virtual packages: their providers are built under their own names. `spack list` omits them, too.
 */
const VIRTUAL = new Set(['c', 'cxx', 'fortran', 'mpi']);

/** The names of all packages at a tag or commit of spack-packages, sorted. */
export async function readPackageList(url: string, version: string): Promise<string[]> {
  const { packages } = await withTemporaryFolder((folder) => readRecipeTrees(url, version, folder));
  return [...packages.keys()].filter((name) => !VIRTUAL.has(name)).sort();
}

/** Errors of git for a commit that a repository no longer has. */
const GONE = /not our ref|couldn't find remote ref/;

/**
 * Like `readRecipeTrees`, for a commit that builds were made with. If the repository no longer has it (a tag
 * was moved, or history was rewritten), warns and returns undefined: only the builds of that commit cannot be
 * compared.
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
      `${url} no longer has the commit ${commit} that builds of this cache were made with (was a tag moved?): they ` +
        'count as older than any release, and are renewed',
    );
    return undefined;
  }
}

/** Pure part of `readRecipeTrees`: parses the output of `git ls-tree` for packages and for build systems. */
export function parseTrees(packages: string, shared: string): RecipeTrees {
  const entries = (text: string, kinds: string) =>
    [...text.matchAll(new RegExp(`^\\d+ (?:${kinds}) ([0-9a-f]+)\t(\\w\\S*)$`, 'gm'))].map(
      ([, id = '', path = '']) => [path, id] as const,
    );
  return {
    packages: new Map(entries(packages, 'tree').map(([path, id]) => [folderPackage(path), id])),
    shared: new Map(entries(shared, 'tree|blob')),
  };
}

/** Returns the package of a folder: `7zip` for `_7zip`. Source: Spack's `pkg_dir_to_pkg_name`. */
export function folderPackage(folder: string): string {
  return folder.replace(/^_+/, '').replaceAll('_', '-');
}
