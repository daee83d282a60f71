import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openGitHub } from '../../scripts/github/api.ts';
import { continueList, startNextRun, type NextRun } from '../../scripts/waves/continue-run.ts';
import { commitFiles, makeRepository } from '../world/git.ts';
import { startGitHubApi, type GitHubApi } from '../world/github-api.ts';
import { permissionsOf } from '../rehearse/github.ts';
import { runNameOf } from './workflows.ts';
import { pace } from '../../scripts/http/retry.ts';

pace.secondMs = 1;

/** Tests that workflows accept the inputs with which runs start them. */

let folder: string;
let api: GitHubApi;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dispatch-'));
  makeRepository(folder);
  commitFiles(folder, { 'README.md': '' });
  api = await startGitHubApi({ repositoryDir: folder, repository: 'owner/cache', permissionsOf });
});

afterEach(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

const LIST = {
  specs: ['hdf5 +mpi', 'zlib'],
  inputs: { target: '', repos: '', own: '', flags: '', fresh: 'false', container: 'true' },
  spack: 'v1.1.0',
  packages: '0a1b2c3',
};
const STACK: NextRun = {
  workflow: 'environment.yml',
  inputs: { environment: 'stack', target: '', container: 'false', since: '2026-11-30T04:00:00Z' },
};

function start(next: NextRun, job = 'continue'): Promise<void> {
  const github = openGitHub({
    GITHUB_REPOSITORY: 'owner/cache',
    GITHUB_TOKEN: `token#Build/${job}`,
    GITHUB_API_URL: api.url,
  });
  return startNextRun(github, { round: 3, branch: 'main', next }, () => Promise.resolve(true));
}

test('GitHub starts the next run of a list and of environments', async () => {
  await start(continueList(LIST));
  // The maximum length.
  const specs = Array.from({ length: 5_000 }, (_, index) => `package-${index}`.slice(0, 11));
  await start(continueList({ ...LIST, specs }));
  await start(STACK);
  expect(api.dispatches).toEqual(['manual.yml on main', 'manual.yml on main', 'environment.yml on main']);
});

test('GitHub refuses a job that may not start workflows', async () => {
  await expect(start(STACK, 'publish')).rejects.toThrow('Resource not accessible by integration');
});

test('a run that continues a long list has a short name', () => {
  expect(runNameOf('manual.yml', { specs: 'hdf5 +mpi', round: '0' })).toBe('Build hdf5 +mpi');
  const specs = 'package-1\n'.repeat(6_000);
  expect(runNameOf('manual.yml', { specs, round: '3' })).toBe('Build the rest (continuation 3)');
});

test('GitHub refuses an input that the workflow does not have, lacks, or cannot read', async () => {
  await expect(start({ ...STACK, inputs: { own: 'recipes' } })).rejects.toThrow(
    'Unexpected inputs provided: ["own"]',
  );
  await expect(start({ workflow: 'manual.yml', inputs: {} })).rejects.toThrow(
    "Required input 'specs' not provided",
  );
  await expect(start({ ...STACK, inputs: { container: '' } })).rejects.toThrow(
    "Provided value '' for input 'container' not in the list of allowed values",
  );
});
