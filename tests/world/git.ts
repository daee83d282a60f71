import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** An author that does not depend on settings of this machine. */
const AUTHOR = ['-c', 'user.name=T', '-c', 'user.email=t@t.example', '-c', 'commit.gpgsign=false'];

/** Runs git in a folder and returns its output verbatim; throws with its messages when it fails. */
export function git(folder: string, ...args: string[]): string {
  return execFileSync('git', ['-C', folder, ...AUTHOR, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Writes files with these texts, creating folders as needed. */
export function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Adds these files to a checkout and commits everything in it; returns the commit's hash. */
export function commitFiles(work: string, files: Record<string, string> = {}): string {
  writeFiles(work, files);
  git(work, 'add', '--all');
  git(work, 'commit', '--quiet', '--message', 'a commit');
  return git(work, 'rev-parse', 'HEAD').trim();
}

/** Creates an empty bare repository, as on GitHub, with the branch `main`. */
export function makeBareRepository(folder: string): void {
  mkdirSync(folder, { recursive: true });
  git(folder, 'init', '--quiet', '--bare', '--initial-branch=main');
}

/** Creates a repository with a checkout and the branch `main`. */
export function makeRepository(folder: string): void {
  mkdirSync(folder, { recursive: true });
  git(folder, 'init', '--quiet', '--initial-branch=main');
}

/** Clones a repository, as a person would. */
export function cloneRepository(origin: string, work: string): void {
  git('.', 'clone', '--quiet', origin, work);
}

/**
 * Creates a stand-in for github.com/spack/spack-packages, whose release has packages in these folders.
 * @returns its address for SPACK_PACKAGES_GIT_URL
 */
export function makeRecipes(folder: string, folders: readonly string[], tag: string): string {
  makeBareRepository(folder);
  // As on GitHub: without it, git sends all files.
  git(folder, 'config', 'uploadpack.allowFilter', 'true');
  const enter = (args: string[], input: string) =>
    execFileSync('git', ['-C', folder, ...args], { input, encoding: 'utf8' }).trim();
  const treeOf = (entries: string[]) => enter(['mktree'], entries.map((entry) => `${entry}\n`).join(''));
  const file = enter(['hash-object', '-w', '--stdin'], '');
  const recipe = treeOf([`100644 blob ${file}\tpackage.py`]);
  const packages = treeOf([
    `100644 blob ${file}\t__init__.py`,
    ...folders.map((name) => `040000 tree ${recipe}\t${name}`),
  ]);
  const systems = treeOf([`100644 blob ${file}\tgeneric.py`]);
  let root = treeOf([`040000 tree ${systems}\tbuild_systems`, `040000 tree ${packages}\tpackages`]);
  for (const name of ['builtin', 'spack_repo', 'repos']) root = treeOf([`040000 tree ${root}\t${name}`]);
  const commit = git(folder, 'commit-tree', '-m', tag, root).trim();
  git(folder, 'tag', '--force', tag, commit);
  return `file://${folder}`;
}
