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
