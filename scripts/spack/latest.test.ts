import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { git, makeRepository as initRepository } from '../../tests/world/git.ts';
import { compareReleases, findMovedTags, newestRelease, resolveVersions } from './latest.ts';

const folder = mkdtempSync(join(tmpdir(), 'latest-'));
afterAll(() => rmSync(folder, { recursive: true }));

function makeRepository(name: string, tags: string[]): string {
  const path = join(folder, name);
  initRepository(path);
  git(path, 'commit', '--quiet', '--allow-empty', '-m', 'one');
  for (const tag of tags) git(path, 'tag', tag);
  return `file://${path}`;
}

test('finds the newest release by its version, not a preview or another name', () => {
  expect(newestRelease(['v1.9.1', 'v1.10.0', 'v1.11.0-rc1', 'v2.0.0.dev0', 'e4s-25.11', 'develop'])).toBe(
    'v1.10.0',
  );
  expect(newestRelease(['v2025.11.0', 'v2026.03.0', 'v2026.06.0'])).toBe('v2026.06.0');
  expect(newestRelease(['nightly'])).toBeUndefined();
});

test('resolves latest by the tags of the repositories, and leaves other versions alone', async () => {
  const environment = {
    SPACK_GIT_URL: makeRepository('spack', ['v1.0.2', 'v1.1.0']),
    SPACK_PACKAGES_GIT_URL: makeRepository('packages', ['v2025.11.0', 'v2026.06.0']),
  };
  expect(await resolveVersions({}, { spack: 'latest', packages: 'latest' }, environment)).toEqual({
    spack: 'v1.1.0',
    packages: 'v2026.06.0',
  });
  const none = { SPACK_GIT_URL: 'file:///no/such', SPACK_PACKAGES_GIT_URL: 'file:///no/such' };
  expect(await resolveVersions({}, { spack: 'v1.0.2', packages: 'abc' }, none)).toEqual({
    spack: 'v1.0.2',
    packages: 'abc',
  });
});

test('refuses a repository without a release', async () => {
  const SPACK_GIT_URL = makeRepository('empty', ['nightly']);
  await expect(resolveVersions({}, { spack: 'latest', packages: 'v1' }, { SPACK_GIT_URL })).rejects.toThrow(
    /expected a tag such as v1\.2\.0 for "latest", found none/,
  );
});

test('finds settings with an older release, and leaves latest, commits and newer ones alone', () => {
  const newest = { spack: 'v1.10.0', packages: 'v2026.06.0' };
  expect(compareReleases({ spack: 'v1.9.1', packages: 'v2026.06.0' }, newest)).toEqual([
    { setting: 'spack', from: 'v1.9.1', to: 'v1.10.0' },
  ]);
  expect(compareReleases({ spack: 'latest', packages: 'd4f7c711a6a4' }, newest)).toEqual([]);
  expect(compareReleases({ spack: 'develop', packages: 'v2026.10.0' }, newest)).toEqual([]);
});

test('reports a release of Spack or of its recipes whose tag was moved since builds were made with it', () => {
  const [old, now] = ['a'.repeat(40), 'b'.repeat(40)];
  const [spackOld, spackNow] = ['c'.repeat(40), 'd'.repeat(40)];
  const built = (packages: string, release?: string, spack = spackNow) => ({
    origin: { packages, ...(release && { release }), spack, spackRelease: 'v1.1.0' },
  });
  const moved = (release: string, packages: string, spackRelease = 'v1.1.0', version = spackNow): string[] =>
    findMovedTags(builds, { spack: spackRelease, packages: release }, { version, packages });
  const builds = [
    ...[built(old, 'v2026.06.0'), built(now, 'v2026.06.0'), built(old, 'v2026.03.0'), built(old)],
    { origin: { spack: spackOld } },
  ];
  expect(moved('v2026.06.0', now)).toEqual([
    expect.stringMatching(
      /^the recipes' tag v2026\.06\.0 names the commit b{40} now, and named a{40} when 1 build of this cache/,
    ),
  ]);
  expect(moved('v2026.03.0', old)).toEqual([]);
  expect(moved(old, old)).toEqual([]);
  expect(moved('v2026.06.0', 'installed', spackNow, '1.1.0')).toEqual([]);
  builds.push(built(old, undefined, spackOld));
  expect(moved('v2026.03.0', old)).toEqual([
    expect.stringMatching(
      /^Spack's tag v1\.1\.0 names the commit d{40} now, and named c{40} when 1 build of this cache .* set spack to the commit$/,
    ),
  ]);
  expect(moved('v2026.03.0', old, 'v1.2.0')).toEqual([]);
});
