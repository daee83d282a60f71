import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** An author that no setting of this machine takes part in. */
const AUTHOR = ['-c', 'user.name=T', '-c', 'user.email=t@t.example', '-c', 'commit.gpgsign=false'];

/** Runs git in a folder and returns what it prints, to the letter; throws with what it says when it fails. */
export function git(folder: string, ...args: string[]): string {
  return execFileSync('git', ['-C', folder, ...AUTHOR, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Writes files of these texts, with the folders that they need. */
export function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Commits all that is in a checkout, with these files in it; returns the commit's name. */
export function commitFiles(work: string, files: Record<string, string> = {}): string {
  writeFiles(work, files);
  git(work, 'add', '--all');
  git(work, 'commit', '--quiet', '--message', 'a commit');
  return git(work, 'rev-parse', 'HEAD').trim();
}

/** Makes an empty repository without a checkout, as GitHub has them: `main` is to be its branch. */
export function makeBareRepository(folder: string): void {
  mkdirSync(folder, { recursive: true });
  git(folder, 'init', '--quiet', '--bare', '--initial-branch=main');
}

/** Makes a repository with a checkout; its branch is `main`. */
export function makeRepository(folder: string): void {
  mkdirSync(folder, { recursive: true });
  git(folder, 'init', '--quiet', '--initial-branch=main');
}

/** A checkout of a repository, as a person has it. */
export function cloneRepository(origin: string, work: string): void {
  git('.', 'clone', '--quiet', origin, work);
}
