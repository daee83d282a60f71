import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commitFiles, git, makeBareRepository, makeRepository } from '../../tests/world/git.ts';
import { startGitHubApi, type GitHubApi } from '../../tests/world/github-api.ts';
import { runScript, tryScript } from '../../tests/world/run.ts';
import { openGitHub } from './api.ts';
import { openProposal } from './issues.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 5;

let folder: string;
let api: GitHubApi;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'proposal-'));
  makeBareRepository(folder);
  api = await startGitHubApi({ repositoryDir: folder, repository: 'o/r', token: 'secret' });
});

afterEach(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

test('opens one issue per pair of releases, and does not reopen a closed one', async () => {
  const environment = { GITHUB_API_URL: api.url, GITHUB_REPOSITORY: 'o/r', GITHUB_TOKEN: 'secret' };
  const github = openGitHub(environment);
  expect(await openProposal(github, 'one', 'body')).toEqual({ kind: 'opened', number: 1 });
  expect(await openProposal(github, 'one', 'body')).toEqual({ kind: 'known', number: 1 });
  const [issue] = api.issues;
  if (issue) issue.state = 'closed';
  expect(await openProposal(github, 'one', 'body')).toEqual({ kind: 'known', number: 1 });
  expect(await openProposal(github, 'two', 'body')).toEqual({ kind: 'opened', number: 2 });
  expect(api.issues.map(({ title, labels }) => [title, labels])).toEqual([
    ['one', ['newer-release']],
    ['two', ['newer-release']],
  ]);
});

test('proposes in one job what another has found, without loading recipes', async () => {
  const environment = { GITHUB_API_URL: api.url, GITHUB_REPOSITORY: 'o/r', GITHUB_TOKEN: 'secret' };
  const releases = join(folder, 'releases');
  makeRepository(releases);
  commitFiles(releases, { 'README.md': '' });
  git(releases, 'tag', 'v9999.1.0');
  const [catalog, file] = [join(folder, 'catalog'), join(folder, 'proposal.json')];
  mkdirSync(catalog);
  const urls = { SPACK_GIT_URL: releases, SPACK_PACKAGES_GIT_URL: releases };
  // Without a token it opens nothing.
  await runScript('propose-update', ['--catalog', catalog, '--to', file], urls);
  expect(api.issues).toEqual([]);
  await runScript('propose-update', ['--from', file], environment);
  expect(api.issues).toMatchObject([{ body: expect.stringContaining('There are no builds yet.') }]);
  expect(api.issues[0]?.title).toContain('v9999.1.0');

  writeFileSync(file, '{"title":"x","body":1}');
  const refused = await tryScript('propose-update', ['--from', file], environment);
  expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('propose-update --to FILE') });
});
