import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cloneRepository, commitFiles as commitGit, git, makeBareRepository } from '../../tests/world/git.ts';
import { startGitHubApi } from '../../tests/world/github-api.ts';
import type { BuildRequest } from '../../site/schemas/build-request.ts';
import { writePlanFiles } from '../concretize/plan-files.ts';
import { lockRecorder } from '../concretize/environment-locks.ts';
import { openGitHub } from '../github/api.ts';
import { commitCatalog } from './commit-catalog.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 1;

const STACK = 'site/content/environments/course.yaml';
const LOCK = 'site/content/environments/course.lock.json';
const DATE = '2026-11-01T00:00:00Z';

/**
 * Concurrent runs of one environment. Each records its lock as receive does, and commits it with its plans.
 */
async function openRuns() {
  const folder = mkdtempSync(join(tmpdir(), 'locks-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const origin = join(folder, 'origin.git');
  makeBareRepository(origin);
  const owner = join(folder, 'owner');
  cloneRepository(origin, owner);
  const push = (files: Record<string, string>) => {
    git(owner, 'pull', '-q', '--rebase', 'origin', 'main');
    commitGit(owner, files);
    git(owner, 'push', '-q', 'origin', 'HEAD:main');
  };
  commitGit(owner, { [STACK]: 'spack: {specs: [app]}\n' });
  git(owner, 'push', '-q', 'origin', 'main');
  /** Actions to run before each of the next commits. */
  const meanwhile: (() => Promise<void> | void)[] = [];
  const api = await startGitHubApi({ repositoryDir: origin, repository: 'Owner/repo', token: 'secret' });
  onTestFinished(() => api.close());
  const variables = {
    GITHUB_REPOSITORY: 'Owner/repo',
    GITHUB_TOKEN: 'secret',
    GITHUB_GRAPHQL_URL: `${api.url}/graphql`,
  };
  const github = openGitHub(variables);
  const hurried: typeof github = {
    ...github,
    ask: async (query, ...rest) => {
      if (query.startsWith('mutation')) await meanwhile.shift()?.();
      return github.ask(query, ...rest);
    },
  };
  const open = (id: number, version: string, target = 'x86_64_v3') => {
    const work = join(folder, String(id));
    cloneRepository(origin, work);
    const catalog = join(work, 'site/content');
    const environment = {
      GITHUB_REPOSITORY: 'Owner/repo',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_RUN_ID: String(id),
      SOURCE_DATE_EPOCH: '1790000000',
    };
    const request: BuildRequest = {
      ...{ index: 0, specs: [], target, environment: 'course', release: 'v2026.06.0' },
      ...{ fresh: true, container: false, flags: [] },
    };
    const plan = join(work, 'plans/0');
    mkdirSync(plan, { recursive: true });
    writeFileSync(join(plan, 'spack.yaml'), 'spack: {}\n');
    writeFileSync(join(plan, 'spack.lock'), lockOf(version, target));
    const inputs = { request, microarchitecture: target, spack: 'a', packages: 'b', repositories: [] };
    const include = [writePlanFiles(plan, [], inputs, { name: target, runner: 'ubuntu-24.04' })];
    const run = { plans: join(work, 'plans'), matrix: JSON.stringify({ include }), changed: [] };
    const circumstances = {
      catalogDirectory: catalog,
      changed: new Set<string>(),
      run: `https://github.com/Owner/repo/actions/runs/${id}`,
      date: DATE,
    };
    return {
      write: (path: string, text: string) => {
        mkdirSync(dirname(join(work, path)), { recursive: true });
        writeFileSync(join(work, path), text);
      },
      record: () => lockRecorder(request, lockOf(version, target), circumstances)(),
      /** @param isAlone nothing happens meanwhile */
      commit: (isAlone = false) =>
        commitCatalog({
          github: isAlone ? github : hurried,
          branch: 'main',
          catalog,
          environment,
          run,
        }),
    };
  };
  const roots = () =>
    (JSON.parse(git(origin, 'show', `main:${LOCK}`)) as { roots: { spec: string }[] }).roots
      .map(({ spec }) => spec)
      .sort();
  return { open, push, meanwhile, roots };
}

function lockOf(version: string, target: string): string {
  const hash = (target === 'aarch64' ? 'c' : version === '1.0' ? 'a' : 'b').repeat(32);
  const arch = { platform: 'linux', platform_os: 'debian12', target };
  return JSON.stringify({
    _meta: { 'lockfile-version': 6, 'specfile-version': 5 },
    roots: [{ hash, spec: `app@${version} target=${target}` }],
    concrete_specs: { [hash]: { name: 'app', version, arch, dependencies: [], hash } },
  });
}

const NEWER = 'app@2.0 target=x86_64_v3';
const OTHER = 'app@1.0 target=aarch64';

test('keeps the lock of the newer run when the older one commits first', async () => {
  const { open, roots } = await openRuns();
  const [older, newer] = [open(101, '1.0'), open(102, '2.0')];
  older.record();
  newer.record();
  expect((await older.commit()).lost).toEqual([]);
  expect(await newer.commit()).toMatchObject({ lost: [], files: 2 });
  expect(roots()).toEqual([NEWER]);
});

test('keeps the lock of the newer run when it commits first', async () => {
  const { open, roots } = await openRuns();
  const [older, newer] = [open(101, '1.0'), open(102, '2.0')];
  older.record();
  newer.record();
  await newer.commit();
  expect(await older.commit()).toMatchObject({ lost: [], files: 0, commits: [] });
  expect(roots()).toEqual([NEWER]);
});

test('commits a lock in the end although it is lost again and again', async () => {
  const { open, roots, meanwhile } = await openRuns();
  const newer = open(109, '2.0');
  newer.record();
  const others = [
    open(101, '1.0'),
    open(102, '1.0', 'aarch64'),
    open(103, '1.0'),
    open(104, '1.0', 'aarch64'),
  ];
  for (const other of others)
    meanwhile.push(async () => {
      other.record();
      await other.commit(true);
    });
  expect(await newer.commit()).toMatchObject({ lost: [], files: 2 });
  expect(meanwhile).toEqual([]);
  expect(roots()).toEqual([OTHER, NEWER]);
});

test('leaves out the lock of a run when the owner changes the environment in the meantime', async () => {
  const { open, push, roots, meanwhile } = await openRuns();
  const [newer, other] = [open(102, '2.0'), open(101, '1.0', 'aarch64')];
  newer.record();
  meanwhile.push(async () => {
    push({ [STACK]: 'spack: {specs: [another]}\n' });
    other.record();
    await other.commit(true);
  });
  expect(await newer.commit()).toMatchObject({ lost: [], files: 0 });
  expect(roots()).toEqual([OTHER]);
});

test('keeps files other than locks as the other run has committed them', async () => {
  const { open, push, meanwhile } = await openRuns();
  const newer = open(102, '2.0');
  newer.record();
  newer.write('site/content/packages/app.json', 'ours');
  meanwhile.push(() => push({ 'site/content/packages/app.json': 'theirs' }));
  const { lost, files } = await newer.commit();
  expect(lost.map(({ path }) => path)).toEqual(['site/content/packages/app.json']);
  expect(files).toBe(2);
});
