import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestOf } from '../../scripts/cli/digest.ts';
import { openRunArtifacts } from '../../scripts/receive/build-artifact.ts';
import { MAX_JOBS, MAX_WAVES } from '../../site/schemas/build-request.ts';
import { startArtifactService, type ArtifactService } from '../world/artifact-service.ts';
import { makeBareRepository } from '../world/git.ts';
import { startGitHubApi, type GitHubApi } from '../world/github-api.ts';
import { guide } from '../world/guide-page.ts';

/**
 * GitHub's REST API accepts 1,000 requests an hour from all runs of a repository, and so does its stand-in. The
 * guide promises how many a run makes; the rehearsal counts those of a run with one job.
 */
const [, least = '', most = ''] = /fewer than (\d+), and fewer than (\d+) with/.exec(guide('limits')) ?? [];

/** Requests of deploy-pages: one every 5 seconds for 10 minutes. Source: its action.yml. */
const DEPLOYMENT = 120;

const EMPTY_ZIP = Buffer.from(`504b0506${'00'.repeat(18)}`, 'hex');

let folder: string;
let api: GitHubApi;
let artifacts: ArtifactService;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'requests-'));
  const repositoryDir = join(folder, 'repo.git');
  makeBareRepository(repositoryDir);
  artifacts = await startArtifactService(join(folder, 'artifacts'));
  api = await startGitHubApi({
    ...{ repositoryDir, repository: 'owner/repo', token: 'x' },
    more: async (method, url, _body, response) => artifacts.answerRest(method, url, response),
  });
});

afterEach(async () => {
  await Promise.all([api.close(), artifacts.close()]);
  rmSync(folder, { recursive: true });
});

test(`a run of ${MAX_JOBS} jobs in ${MAX_WAVES} waves stays below GitHub's limit, even if all of it is published twice`, async () => {
  const jobs = Array.from({ length: MAX_JOBS }, (_, index) => index);
  const file = join(folder, 'empty.zip');
  writeFileSync(file, EMPTY_ZIP);
  for (const name of ['plans-1', 'solved-x86_64_v3-7', ...jobs.map((index) => `build-${index}-1`)])
    artifacts.artifacts.push({
      ...{ id: artifacts.artifacts.length + 1, name, run: '7', attempt: '1', contentType: 'application/zip' },
      ...{ isFinal: true, days: 7, isExpired: false, digest: digestOf(EMPTY_ZIP), file },
    });
  const take = async (wanted: number[]): Promise<void> => {
    const opened = await openRunArtifacts({
      ...{ GITHUB_API_URL: api.url, GITHUB_REPOSITORY: 'owner/repo', GITHUB_TOKEN: 'x' },
      GITHUB_RUN_ID: '7',
    });
    for (const index of wanted) await opened.use(index, () => Promise.resolve());
  };
  // Each check between two waves takes the jobs before it that none has taken.
  for (let wave = 1; wave < MAX_WAVES; wave += 1)
    await take(jobs.filter((index) => index % (MAX_WAVES - 1) === wave - 1));
  // Publish, and once more when the registry has lost an image.
  await take(jobs);
  await take(jobs);
  expect(api.requests.length + Number(least)).toBeLessThan(Number(most));
  expect(Number(most) + DEPLOYMENT).toBeLessThan(1_000);
});
