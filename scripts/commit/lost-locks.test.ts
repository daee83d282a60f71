import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cloneRepository, commitFiles as commitGit, git, makeBareRepository } from '../../tests/world/git.ts';
import { startGitHubApi } from '../../tests/world/github-api.ts';
import { addFiles } from '../catalog/catalog.ts';
import { openGitHub } from '../github/api.ts';
import { environmentFiles, whyOutdated } from '../concretize/environment-locks.ts';
import { readChanges } from './changes.ts';
import { commitFiles } from './commit-files.ts';
import { lostLocks } from './report-lost.ts';
import { takeCatalog } from './take-catalog.ts';

const LOCK = 'site/content/environments/course.lock.json';
const REQUEST = {
  ...{ index: 0, specs: [], target: 'x86_64_v3', environment: 'course', release: 'v2026.06.0' },
  ...{ fresh: true, container: false, flags: [] },
};
const MESSAGE = { headline: 'Update', body: '' };

/** Two concurrent runs of one environment. Each records its lock as receive does, and commits. */
async function openRuns() {
  const folder = mkdtempSync(join(tmpdir(), 'locks-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const origin = join(folder, 'origin.git');
  makeBareRepository(origin);
  const owner = join(folder, 'owner');
  cloneRepository(origin, owner);
  commitGit(owner, { 'site/content/environments/course.yaml': 'spack: {specs: [app]}\n' });
  git(owner, 'push', '-q', 'origin', 'main');
  const api = await startGitHubApi({ repositoryDir: origin, repository: 'Owner/repo', token: 'secret' });
  onTestFinished(() => api.close());
  const github = openGitHub(
    { GITHUB_REPOSITORY: 'Owner/repo', GITHUB_TOKEN: 'secret', GITHUB_GRAPHQL_URL: `${api.url}/graphql` },
    { secondMs: 1 },
  );
  const open = (id: number, version: string) => {
    const work = join(folder, String(id));
    cloneRepository(origin, work);
    const catalog = join(work, 'site/content');
    const run = `https://github.com/Owner/repo/actions/runs/${id}`;
    return {
      take: () => takeCatalog(catalog, 'main', process.env),
      record: (changed: string[] = []): string | undefined => {
        const circumstances = { catalogDirectory: catalog, changed: new Set(changed), run };
        const outdated = whyOutdated(REQUEST, circumstances);
        if (outdated === undefined)
          addFiles(
            catalog,
            environmentFiles(REQUEST, lockOf(version), catalog, { date: '2026-11-01T00:00:00Z', run }),
          );
        return outdated;
      },
      commit: async () => lostLocks((await commitFiles(github, 'main', readChanges(catalog), MESSAGE)).lost),
    };
  };
  const version = (): string | undefined =>
    /"version": "([^"]+)"/.exec(git(origin, 'show', `main:${LOCK}`))?.[1];
  return { older: open(101, '1.0'), newer: open(102, '2.0'), version };
}

function lockOf(version: string): string {
  const hash = (version === '1.0' ? 'a' : 'b').repeat(32);
  const arch = { platform: 'linux', platform_os: 'debian12', target: 'x86_64_v3' };
  return JSON.stringify({
    _meta: { 'lockfile-version': 6, 'specfile-version': 5 },
    roots: [{ hash, spec: 'app' }],
    concrete_specs: { [hash]: { name: 'app', version, arch, dependencies: [], hash } },
  });
}

test('keeps the lock of the newer run when the older one commits first', async () => {
  const { older, newer, version } = await openRuns();
  older.record();
  newer.record();
  expect(await older.commit()).toEqual([]);
  expect(await newer.commit()).toEqual(['course']);
  expect(version()).toBe('1.0');
  // The last steps of the job.
  await newer.take();
  expect(newer.record()).toBeUndefined();
  expect(await newer.commit()).toEqual([]);
  expect(version()).toBe('2.0');
});

test('keeps the lock of the newer run when it commits first, and when it has committed before', async () => {
  const { older, newer, version } = await openRuns();
  older.record();
  newer.record();
  await newer.commit();
  expect(await older.commit()).toEqual(['course']);
  await older.take();
  expect(older.record()).toMatch(/a newer run has recorded its lock for x86_64_v3, .*\/actions\/runs\/102$/);
  expect(await older.commit()).toEqual([]);
  expect(version()).toBe('2.0');
});
