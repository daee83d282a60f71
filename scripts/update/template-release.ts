import { git as runGit, gitSucceeds } from '../cli/git.ts';

/** Paths that belong to the owner of a copy and keep the copy's state. */
const OWN_PATHS = ['site/content', '.github/build-cache.yaml'];

/** Result of an update. */
export interface TakenRelease {
  commit: string;
  /** True when nothing was new. */
  isOld: boolean;
}

/**
 * Merges a release of the template into a copy. GitHub gives a copy its own history, so the first time the
 * two have no common commit. Then the commit that the copy started from is found by its files.
 * @param folder a clean checkout of the copy
 * @throws when the checkout has changes, or both sides changed the same lines of a file that is not the
 * owner's
 */
export async function takeRelease(folder: string, url: string, version: string): Promise<TakenRelease> {
  const git = (...args: string[]) => runGit(folder, args);
  const succeeds = (...args: string[]) => gitSucceeds(folder, args);
  if ((await git('status', '--porcelain', '--untracked-files=no')) !== '') {
    throw new Error(`${folder}: expected a checkout without changes; commit or stash them first`);
  }
  await git('fetch', '--quiet', '--no-tags', url, version);
  const commit = await git('rev-parse', 'FETCH_HEAD');
  if (await succeeds('merge-base', '--is-ancestor', commit, 'HEAD')) return { commit, isOld: true };
  const root = await git('rev-list', '--max-parents=0', '--first-parent', 'HEAD');
  const isFirst = !(await succeeds('merge-base', 'HEAD', commit));
  const start = isFirst
    ? findStart(await git('log', '--format=%H %T', commit), await git('rev-parse', `${root}^{tree}`))
    : undefined;
  if (start !== undefined) await git('replace', '--graft', root, start);
  try {
    // Conflicts are checked below, since those in the owner's own files do not count.
    await succeeds('merge', '--no-commit', '--no-ff', '--allow-unrelated-histories', commit);
  } finally {
    if (start !== undefined) await git('replace', '--delete', root);
  }
  await restoreOwn(folder);
  const open = (await git('diff', '--name-only', '--diff-filter=U')).split('\n').filter(Boolean);
  if (open.length > 0) {
    throw new Error(
      `both you and the template changed the same lines of ${open.join(', ')}: resolve the conflicts, "git add" the files and "git commit", ` +
        'or undo the merge with "git merge --abort"',
    );
  }
  await git('commit', '--quiet', '--message', `Update to ${version} of the template`);
  return { commit, isOld: false };
}

/** Finds the template's newest commit with exactly the files that a copy started with. */
function findStart(log: string, tree: string): string | undefined {
  return log
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, treeOf]) => treeOf === tree)?.[0];
}

async function restoreOwn(folder: string): Promise<void> {
  for (const path of OWN_PATHS) {
    // Removes the path if the copy does not have it.
    await gitSucceeds(folder, ['rm', '-r', '--quiet', '--cached', '--ignore-unmatch', '--', path]);
    if ((await runGit(folder, ['ls-tree', '--name-only', 'HEAD', '--', path])) !== '')
      await runGit(folder, ['checkout', 'HEAD', '--', path]);
    await runGit(folder, ['clean', '--quiet', '-d', '--force', '--', path]);
  }
}
