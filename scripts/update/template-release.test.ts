import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeRelease } from './template-release.ts';

let folder: string;
let template: string;
let copy: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'release-'));
  template = join(folder, 'template');
  copy = join(folder, 'copy');
  start(template);
  write(template, {
    'README.md': lines('readme'),
    'scripts/old.ts': lines('old'),
    '.github/build-cache.yaml': '# all commented\n#spack: v1.1.0\n',
    'site/content/.gitkeep': '',
  });
  commit(template, 'Begin');
  // GitHub copies the files, with a separate history.
  cpSync(template, copy, { recursive: true });
  rmSync(join(copy, '.git'), { recursive: true });
  start(copy);
  commit(copy, 'Initial commit');
  write(copy, {
    '.github/build-cache.yaml': 'spack: v1.0.2\n',
    'site/content/builds/tree/tree.json': '{}\n',
    'recipes/mine/package.py': 'mine\n',
    'README.md': lines('readme').replace('readme 1\n', 'about our cache\n'),
  });
  commit(copy, 'Use it');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('updates a copy release after release, and keeps the files of the owner', async () => {
  write(template, {
    'README.md': lines('readme').replace('readme 30\n', 'a new chapter\n'),
    'scripts/new.ts': lines('new'),
    '.github/build-cache.yaml': '# all commented\n#spack: v1.2.0\n#new: 1\n',
  });
  rmSync(join(template, 'scripts/old.ts'));
  commit(template, 'Release 1');
  expect((await takeRelease(copy, template, 'main')).isOld).toBe(false);
  expect(read('README.md')).toContain('about our cache');
  expect(read('README.md')).toContain('a new chapter');
  expect(read('.github/build-cache.yaml')).toBe('spack: v1.0.2\n');
  expect(existsSync(join(copy, 'site/content/builds/tree/tree.json'))).toBe(true);
  expect(existsSync(join(copy, 'recipes/mine/package.py'))).toBe(true);
  // Files that the template has dropped are removed.
  expect(existsSync(join(copy, 'scripts/old.ts'))).toBe(false);
  expect(existsSync(join(copy, 'scripts/new.ts'))).toBe(true);
  expect(git(copy, 'status', '--porcelain')).toBe('');
  expect(git(copy, 'replace', '--list')).toBe('');

  write(template, { 'scripts/new.ts': lines('newer') });
  commit(template, 'Release 2');
  await takeRelease(copy, template, 'main');
  expect(read('scripts/new.ts')).toBe(lines('newer'));
  expect((await takeRelease(copy, template, 'main')).isOld).toBe(true);
  expect(git(copy, 'log', '--format=%s', '--first-parent').split('\n')).toEqual([
    'Update to main of the template',
    'Update to main of the template',
    'Use it',
    'Initial commit',
  ]);
});

test('stops where both changed the same lines, and can be undone', async () => {
  write(template, { 'README.md': lines('readme').replace('readme 1\n', 'another beginning\n') });
  commit(template, 'Release');
  const before = git(copy, 'rev-parse', 'HEAD');
  await expect(takeRelease(copy, template, 'main')).rejects.toThrow(
    /the same lines of README\.md: .*git merge --abort/,
  );
  git(copy, 'merge', '--abort');
  expect(git(copy, 'rev-parse', 'HEAD')).toBe(before);
  expect(read('README.md')).toContain('about our cache');
  expect(git(copy, 'status', '--porcelain')).toBe('');
});

test('updates a copy that started from a commit that is not in the template', async () => {
  write(template, { 'scripts/new.ts': lines('new') });
  git(template, 'add', '.');
  git(template, ...who, 'commit', '--quiet', '--amend', '--message', 'Another beginning');
  write(copy, { 'README.md': lines('readme') });
  commit(copy, 'Describe it elsewhere');
  await takeRelease(copy, template, 'main');
  expect(existsSync(join(copy, 'scripts/new.ts'))).toBe(true);
  expect(read('.github/build-cache.yaml')).toBe('spack: v1.0.2\n');
});

test('does not change a checkout with local changes', async () => {
  write(copy, { 'README.md': 'half done\n' });
  await expect(takeRelease(copy, template, 'main')).rejects.toThrow(/expected a checkout without changes/);
  expect(read('README.md')).toBe('half done\n');
});

const who = ['-c', 'user.name=T', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false'];

function git(repository: string, ...args: string[]): string {
  return execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8' }).trim();
}

function start(repository: string): void {
  mkdirSync(repository, { recursive: true });
  git(repository, 'init', '--quiet', '--initial-branch=main');
  git(repository, 'config', 'user.name', 'T');
  git(repository, 'config', 'user.email', 't@example.org');
}

function commit(repository: string, message: string): void {
  git(repository, 'add', '--all');
  git(repository, ...who, 'commit', '--quiet', '--message', message);
}

function write(repository: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(repository, path)), { recursive: true });
    writeFileSync(join(repository, path), text);
  }
}

function read(path: string): string {
  return readFileSync(join(copy, path), 'utf8');
}

function lines(word: string): string {
  return Array.from({ length: 30 }, (_, index) => `${word} ${index + 1}\n`).join('');
}
