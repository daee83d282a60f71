import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, onTestFinished } from 'vitest';
import { commitFiles, git, makeRepository as initRepository, writeFiles } from '../../tests/world/git.ts';
import { expectTools, expectUsableSpack, installSpack, isVersion } from './install-spack.ts';

/** A git repository with a substitute for Spack that prints a version. */
function makeRepository(files: Record<string, string>): { url: string; commit: string } {
  const folder = mkdtempSync(join(tmpdir(), 'spack-'));
  initRepository(folder);
  writeFiles(folder, files);
  for (const path of Object.keys(files)) chmodSync(join(folder, path), 0o755);
  const commit = commitFiles(folder);
  git(folder, 'tag', 'v1.1.0');
  return { url: `file://${folder}`, commit };
}

const spackOf = (version: string) => makeRepository({ 'bin/spack': `#!/bin/sh\necho ${version}\n` });
const packages = makeRepository({ 'repos/spack_repo/builtin/repo.yaml': 'repo: {namespace: builtin}' });

function install(version: string, spack: { url: string }, more: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tools-'));
  const environment = {
    PATH: '/usr/bin:/bin',
    SPACK_GIT_URL: spack.url,
    SPACK_PACKAGES_GIT_URL: packages.url,
    ...more,
  };
  return installSpack({ spack: version, packages: 'v1.1.0' }, folder, environment);
}

test('fetches Spack and its recipes at a tag, and says which commits these are', async () => {
  const spack = spackOf('1.1.0');
  const installed = await install('v1.1.0', spack);
  expect(installed).toMatchObject({ version: spack.commit, packages: packages.commit });
  expect(installed.builtin).toMatch(/spack-packages\/repos\/spack_repo\/builtin$/);
  const again = await install(spack.commit, spack);
  expect(again.version).toBe(spack.commit);
});

test('refuses a Spack below 1.0, by its name or by its own report', async () => {
  await expect(install('v0.23.1', spackOf('0.23.1'))).rejects.toThrow('Spack v0.23.1: expected 1.0 or newer');
  const old = spackOf('0.23.1');
  await expect(install(old.commit, old)).rejects.toThrow('Spack 0.23.1: expected 1.0 or newer');
});

test('uses an installed Spack of the wanted version, and any version when told to', async () => {
  const root = spackOf('1.1.0').url.slice('file://'.length);
  const none = { url: 'file:///nowhere' };
  expect((await install('v1.1.0', none, { SPACK_ROOT: root })).version).toBe('1.1.0');
  const any = await install('v1.9.9', none, { SPACK_ROOT: root, SPACK_INSTALLED: 'true' });
  expect(any).toEqual({ program: join(root, 'bin/spack'), version: '1.1.0', packages: 'installed' });
  await expect(install('v1.1.0', none, { SPACK_INSTALLED: 'true' })).rejects.toThrow('found none');
});

test('recognizes a version by tag, number and commit', () => {
  const found = { version: '1.1.0', commit: '2e907202bcc8209a6a62243aab50c179b524cc3b' };
  expect(['v1.1.0', '1.1.0', '2e90720', found.commit].map((wanted) => isVersion(found, wanted))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(['v1.1.1', '1.1', '9cf66332df', 'develop'].map((wanted) => isVersion(found, wanted))).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test.each(['v1.0.0', '1.2.0.dev0', 'releases/v1.1', 'develop', '9cf66332df'])('accepts %s', (version) => {
  expect(() => expectUsableSpack(version)).not.toThrow();
});

test.each(['v0.23.1', '0.9', 'releases/v0.22'])('refuses %s', (version) => {
  expect(() => expectUsableSpack(version)).toThrow('layout 3');
});

test('lists all tools that a slim image lacks, and accepts either compiler', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tools-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const add = (...names: string[]): void => names.forEach((name) => writeFileSync(join(folder, name), ''));
  const check = (): void => expectTools({ PATH: `:${folder}`, SPACK_PYTHON: '/usr/bin/python3.9' });
  add('clang', 'tar', 'gzip', 'git', 'file');
  expect(check).toThrow(
    'this machine lacks what Spack needs to build: a C++ compiler, patch, bzip2, xz, unzip; install it',
  );
  add('g++', 'patch', 'bzip2', 'xz', 'unzip');
  expect(check).not.toThrow();
});
