import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { commitFiles, git, makeRepository } from '../../tests/world/git.ts';
import { findStaleNames } from './renewals.ts';

const folder = mkdtempSync(join(tmpdir(), 'stale-'));
afterAll(() => rmSync(folder, { recursive: true }));
const TARGET = { name: 'x86_64_v3', runner: 'ubuntu-24.04' };

function write(path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

/** Commits recipes as they are to be, and gives the commit. */
function commit(recipes: Record<string, string>): string {
  const work = join(folder, 'git');
  for (const [name, text] of Object.entries(recipes))
    write(`git/repos/spack_repo/builtin/packages/${name}/package.py`, text);
  write('git/repos/spack_repo/builtin/build_systems/generic.py', '');
  makeRepository(work);
  git(work, 'config', 'uploadpack.allowFilter', 'true');
  git(work, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  return commitFiles(work);
}

const build = (name: string, published: string, origin: object) =>
  write(`catalog/builds/${name}/${published}.json`, JSON.stringify({ published, origin }));

test('finds packages whose newest build is from another recipe than the release has', async () => {
  const old = commit({ zlib: 'one', py_numpy: 'one', tree: 'one' });
  const release = commit({ zlib: 'two', py_numpy: 'one', tree: 'two' });
  build('zlib', '2026-01-01T00:00:00Z', { target: 'x86_64_v3', packages: old });
  build('py-numpy', '2026-01-01T00:00:00Z', { target: 'x86_64_v3', packages: old });
  build('tree', '2026-01-01T00:00:00Z', { target: 'x86_64_v3', packages: old });
  build('tree', '2026-02-01T00:00:00Z', { target: 'x86_64_v3', packages: release });
  build('gone', '2026-01-01T00:00:00Z', { target: 'x86_64_v3', packages: old });
  build('other', '2026-01-01T00:00:00Z', { target: 'aarch64', packages: old });
  build('laptop', '2026-01-01T00:00:00Z', { target: 'x86_64_v3', packages: 'installed' });
  const environment = { SPACK_PACKAGES_GIT_URL: `file://${folder}/git` };
  const find = (version: string) => findStaleNames(join(folder, 'catalog'), TARGET, version, environment);
  expect(await find(release)).toEqual(['zlib']);
  expect(await find(old)).toEqual(['tree']);
  await expect(find('no-such-tag')).rejects.toThrow('cannot fetch "no-such-tag"');
});

// A release's tag that was moved: git keeps what it named for some weeks.
test('renews what was built with a commit that is gone, and still compares the rest', async () => {
  const gone = commit({ lost: 'one', kept: 'one' });
  git(join(folder, 'git'), 'commit', '-q', '--amend', '--allow-empty', '-m', 'moved');
  const kept = git(join(folder, 'git'), 'rev-parse', 'HEAD').trim();
  git(join(folder, 'git'), 'reflog', 'expire', '--expire=now', '--all');
  git(join(folder, 'git'), 'gc', '-q', '--prune=now');
  build('lost', '2026-01-01T00:00:00Z', { target: 'moved', packages: gone });
  build('kept', '2026-01-01T00:00:00Z', { target: 'moved', packages: kept });
  const environment = { SPACK_PACKAGES_GIT_URL: `file://${folder}/git` };
  const find = () => findStaleNames(join(folder, 'catalog'), { ...TARGET, name: 'moved' }, kept, environment);
  expect(await find()).toEqual(['lost']);
});

test('asks no repository for a catalog that does not say where its builds come from', async () => {
  const environment = { SPACK_PACKAGES_GIT_URL: 'file:///no/such' };
  expect(await findStaleNames(join(folder, 'nowhere'), TARGET, 'v1', environment)).toEqual([]);
});
