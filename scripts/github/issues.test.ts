import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeBareRepository } from '../../tests/world/git.ts';
import { startGitHubApi, type GitHubApi } from '../../tests/world/github-api.ts';
import { openGitHub, type GitHub } from './api.ts';
import { closeIssue, openIssue } from './issues.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 5;

let folder: string;
let api: GitHubApi;
let environment: Record<string, string>;
let github: GitHub;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'issue-'));
  makeBareRepository(folder);
  api = await startGitHubApi({ repositoryDir: folder, repository: 'o/r', token: 'secret' });
  environment = { GITHUB_API_URL: api.url, GITHUB_REPOSITORY: 'o/r', GITHUB_TOKEN: 'secret' };
  github = openGitHub(environment);
});

afterEach(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

test('opens only one issue for repeated failures of a deployment, and closes it on the next success', async () => {
  api.fail(502);
  expect(await openIssue(github, 'deployment', { run: 'https://x/runs/1' })).toBe(1);
  expect(await openIssue(github, 'deployment', { run: 'https://x/runs/2' })).toBe(1);
  expect(api.issues).toMatchObject([{ state: 'open', body: expect.stringContaining('https://x/runs/1') }]);
  expect(await closeIssue(github, 'deployment', 'https://x/runs/3')).toEqual([1]);
  expect(api.issues).toMatchObject([{ state: 'closed' }]);
  expect(await closeIssue(github, 'deployment', 'https://x/runs/4')).toEqual([]);
  expect(await openIssue(github, 'deployment', { run: 'https://x/runs/5' })).toBe(2);
});

test('reports what GitHub refuses', async () => {
  await expect(
    openIssue(openGitHub({ ...environment, GITHUB_TOKEN: 'other' }), 'deployment', { run: undefined }),
  ).rejects.toThrow('GitHub refuses the token (401)');
});

test('keeps topics apart, and includes the findings of a check', async () => {
  const details = '- problem: registry:tree: expected an image, found none';
  expect(await openIssue(github, 'deployment', { run: undefined })).toBe(1);
  expect(await openIssue(github, 'health', { run: 'https://x/runs/1', details })).toBe(2);
  expect(api.issues[1]).toMatchObject({ title: 'Catalog, registry and site disagree' });
  expect(api.issues[1]?.body).toContain(details);
  expect(await openIssue(github, 'health', { run: 'https://x/runs/2', details: 'x'.repeat(100_000) })).toBe(
    2,
  );
  expect(await closeIssue(github, 'health', 'https://x/runs/3')).toEqual([2]);
  expect(api.issues.map(({ state }) => state)).toEqual(['open', 'closed']);
});
