import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeBareRepository } from '../../tests/world/git.ts';
import { startGitHubApi } from '../../tests/world/github-api.ts';
import type { GitHubApi } from '../../tests/world/github-api.ts';
import { openGitHub } from './api.ts';
import { openProposal } from './proposal.ts';

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

test('opens one issue for each pair of releases, and none again that was closed', async () => {
  const environment = { GITHUB_API_URL: api.url, GITHUB_REPOSITORY: 'o/r', GITHUB_TOKEN: 'secret' };
  const github = openGitHub(environment, { secondMs: 5 });
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
