import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { forgetCatalog, chooseRegistry, expectBranch, isForeign, siteUrlOf } from './catalog-owner.ts';
import { parseReference } from '../oci/registry.ts';

const CACHE = { registry: 'ghcr.io/owner/old', repository: 'owner/old', repositoryId: '1' };

test('names the registry in lower case by default', () => {
  expect(chooseRegistry(undefined, { GITHUB_REPOSITORY: 'Owner/Repo' })).toBe('ghcr.io/owner/repo');
  expect(chooseRegistry(CACHE, { GITHUB_REPOSITORY: 'Owner/Repo', REGISTRY: 'reg.example/x' })).toBe(
    'reg.example/x',
  );
  expect(() => chooseRegistry(undefined, { REGISTRY: 'owner/repo' })).toThrow(
    /expected oci-layout:DIR or host/,
  );
  expect(() => chooseRegistry(undefined, {})).toThrow(/GITHUB_REPOSITORY: expected owner\/repo/);
});

test.each([
  ['Owner/Repo', 'ghcr.io/owner/repo', 'https://owner.github.io/Repo'],
  ['My-Org/My.Cache', 'ghcr.io/my-org/my.cache', 'https://my-org.github.io/My.Cache'],
  ['Owner/owner.github.io', 'ghcr.io/owner/owner.github.io', 'https://owner.github.io'],
  ['Owner/Owner.GitHub.io', 'ghcr.io/owner/owner.github.io', 'https://owner.github.io'],
  ['owner/other.github.io', 'ghcr.io/owner/other.github.io', 'https://owner.github.io/other.github.io'],
  ['owner/.cache', 'ghcr.io/owner/cache', 'https://owner.github.io/.cache'],
  ['owner/_cache_', 'ghcr.io/owner/cache', 'https://owner.github.io/_cache_'],
  ['owner/-cache-', 'ghcr.io/owner/cache', 'https://owner.github.io/-cache-'],
  ['owner/cache.', 'ghcr.io/owner/cache', 'https://owner.github.io/cache.'],
  ['owner/a..b', 'ghcr.io/owner/a-b', 'https://owner.github.io/a..b'],
  ['owner/a__b--c', 'ghcr.io/owner/a__b--c', 'https://owner.github.io/a__b--c'],
  ['owner/a.-_b', 'ghcr.io/owner/a-b', 'https://owner.github.io/a.-_b'],
  ['owner/-', 'ghcr.io/owner/build-cache', 'https://owner.github.io/-'],
  ['corp_user/cache', 'ghcr.io/corp_user/cache', 'https://corp_user.github.io/cache'],
])('%s publishes to %s and serves %s', (repository, registry, site) => {
  const environment = { GITHUB_REPOSITORY: repository };
  expect(chooseRegistry(undefined, environment)).toBe(registry);
  expect(parseReference(registry)).toMatchObject({ host: 'ghcr.io' });
  expect(siteUrlOf(environment)).toBe(site);
});

test('keeps the registry of a renamed repository, and gives a copy its own', () => {
  const renamed = { GITHUB_REPOSITORY: 'owner/new', GITHUB_REPOSITORY_ID: '1' };
  const copy = { GITHUB_REPOSITORY: 'other/copy', GITHUB_REPOSITORY_ID: '2' };
  expect([isForeign(CACHE, renamed), chooseRegistry(CACHE, renamed)]).toEqual([false, 'ghcr.io/owner/old']);
  expect([isForeign(CACHE, copy), chooseRegistry(CACHE, copy)]).toEqual([true, 'ghcr.io/other/copy']);
});

test('refuses a run for a tag before anything is built', () => {
  expectBranch({ GITHUB_REF_TYPE: 'branch', GITHUB_REF_NAME: 'main' });
  expectBranch({});
  expect(() => expectBranch({ GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v1' })).toThrow(
    'this run is for the tag v1: expected a branch',
  );
});

test('finds the site of a project, of a user page, and at a custom domain', () => {
  expect(siteUrlOf({ GITHUB_REPOSITORY: 'Owner/Repo' })).toBe('https://owner.github.io/Repo');
  expect(siteUrlOf({ GITHUB_REPOSITORY: 'Owner/owner.github.io' })).toBe('https://owner.github.io');
  expect(siteUrlOf({ GITHUB_REPOSITORY: 'o/r', SITE_URL: 'https://x.org/y/' })).toBe('https://x.org/y');
});

test('keeps only the stacks of the owner in a copy of a used cache', () => {
  const catalog = mkdtempSync(join(tmpdir(), 'catalog-'));
  mkdirSync(join(catalog, 'environments'));
  mkdirSync(join(catalog, 'builds/zlib'), { recursive: true });
  for (const file of [
    '.gitkeep',
    'cache.json',
    'environments/a.yaml',
    'environments/a.lock.json',
    'environments/a.solved.json',
    'builds/zlib/x.json',
  ]) {
    writeFileSync(join(catalog, file), '{}');
  }
  forgetCatalog(catalog);
  expect(readdirSync(catalog, { recursive: true, encoding: 'utf8' }).sort()).toEqual([
    '.gitkeep',
    'environments',
    'environments/a.yaml',
  ]);
  rmSync(catalog, { recursive: true });
});
