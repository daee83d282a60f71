import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cloneRepository, git, makeBareRepository } from '../../tests/world/git.ts';
import { startGitHubApi, type GitHubApi } from '../../tests/world/github-api.ts';
import { readFiles } from './branch.ts';
import { readChanges } from './changes.ts';
import { openGitHub, type GitHub } from '../github/api.ts';
import { commitFiles, type Committed } from './commit-files.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 20;

const STATS = 'site/content/stats/2026-11.json';
const MESSAGE = { headline: 'Add builds', body: 'by a test' };

let folder: string;
let origin: string;
let api: GitHubApi;
let github: GitHub;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'commit-'));
  origin = join(folder, 'origin.git');
  makeBareRepository(origin);
  const first = checkOut('first');
  write(first, 'site/content/packages/zlib.json', 'old');
  write(first, 'README.md', 'read me');
  git(first, 'add', '-A');
  git(first, '-c', 'user.name=T', '-c', 'user.email=t@t.example', 'commit', '-qm', 'first');
  git(first, 'push', '-q', 'origin', 'main');
  api = await startGitHubApi({ repositoryDir: origin, repository: 'Owner/repo', token: 'secret' });
  github = openGitHub({
    GITHUB_REPOSITORY: 'Owner/repo',
    GITHUB_TOKEN: 'secret',
    GITHUB_GRAPHQL_URL: `${api.url}/graphql`,
  });
});

afterEach(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

test('commits additions, changes and removals at once, and nothing outside the catalog', async () => {
  const work = checkOut('work');
  write(work, 'site/content/specs/zlib/zlib-1-ab cd"é.spec.json', 'node\n');
  write(work, 'site/content/builds/zlib/zlib-1.json', build('zlib'));
  rmSync(join(work, 'site/content/packages/zlib.json'));
  write(work, 'README.md', 'planted by a build script');
  const { commits, files, lost } = await commit(work);
  expect(commits).toHaveLength(1);
  // Three files of ours, and the month's counts.
  expect({ files, lost }).toEqual({ files: 4, lost: [] });
  expect(show('site/content/specs/zlib/zlib-1-ab cd"é.spec.json')).toBe('node\n');
  expect(tree()).toEqual([
    'README.md',
    'site/content/builds/zlib/zlib-1.json',
    'site/content/specs/zlib/zlib-1-ab cd"é.spec.json',
    STATS,
  ]);
  expect(show('README.md')).toBe('read me');
});

test("starts no workflow by its push, since with a person's token there would be two deployments", async () => {
  const work = checkOut('work');
  write(work, 'site/content/builds/zlib/zlib-1.json', build('zlib'));
  const { commits } = await commit(work);
  expect(commits).toHaveLength(1);
  expect(api.starting).toEqual([]);
});

test('asks nothing and commits nothing when nothing changed', async () => {
  const { commits } = await commit(checkOut('work'));
  expect(commits).toEqual([]);
  expect(api.requests).toEqual([]);
});

test('commits nothing when the branch already has everything', async () => {
  const work = checkOut('work');
  write(work, 'site/content/builds/zlib/zlib-1.json', build('zlib'));
  await commit(work);
  const again = await commit(work);
  expect(again.commits).toEqual([]);
  expect(again.lost).toEqual([]);
});

test('loses no change of eight concurrent committers', async () => {
  const works = Array.from({ length: 8 }, (_, index) => {
    const work = checkOut(`work-${index}`);
    for (let file = 0; file < 5; file++) {
      write(work, `site/content/builds/p${index}/p${index}-${file}.json`, build(`${index} ${file}`));
      write(work, `site/content/specs/shared/shared-${file}.spec.json`, `node ${file}\n`);
    }
    return work;
  });
  const results = await Promise.all(works.map((work) => commit(work)));
  expect(results.flatMap(({ lost }) => lost)).toEqual([]);
  for (let index = 0; index < 8; index++) {
    for (let file = 0; file < 5; file++) {
      expect(show(`site/content/builds/p${index}/p${index}-${file}.json`)).toBe(build(`${index} ${file}`));
    }
  }
  expect(git(origin, 'rev-list', '--count', 'main').trim()).toBe('9');
  expect(JSON.parse(show(STATS))).toEqual({ month: '2026-11', builds: 40, failures: 0 });
});

test('keeps the first of two publications of one build, with its manifest', async () => {
  const [one, two] = [checkOut('one'), checkOut('two')];
  for (const [work, by] of [
    [one, 'first'],
    [two, 'second'],
  ] as const) {
    write(work, 'site/content/builds/zlib/zlib-1.json', build(`by ${by}`));
    write(work, 'site/content/manifests/zlib/zlib-1.spec.manifest.json', `signed by ${by}`);
    write(work, `site/content/builds/zlib/zlib-${by}.json`, build('its own'));
  }
  await commit(one);
  const second = await commit(two);
  expect(second.lost.map(({ path }) => path)).toEqual([
    'site/content/builds/zlib/zlib-1.json',
    'site/content/manifests/zlib/zlib-1.spec.manifest.json',
  ]);
  expect(show('site/content/builds/zlib/zlib-1.json')).toBe(build('by first'));
  expect(show('site/content/manifests/zlib/zlib-1.spec.manifest.json')).toBe('signed by first');
  expect(show('site/content/builds/zlib/zlib-second.json')).toBe(build('its own'));
  expect(JSON.parse(show(STATS))).toMatchObject({ builds: 3 });
  const winner = await readFiles(github, second.head, ['site/content/builds/zlib/zlib-1.json'], {
    withText: true,
  });
  expect(winner.get('site/content/builds/zlib/zlib-1.json')?.text).toBe(build('by first'));
});

test('keeps changes and removals of others', async () => {
  const [one, two] = [checkOut('one'), checkOut('two')];
  write(one, 'site/content/packages/zlib.json', 'newer');
  write(two, 'site/content/packages/zlib.json', 'newer still');
  await commit(one);
  expect((await commit(two)).lost.map(({ path }) => path)).toEqual(['site/content/packages/zlib.json']);
  expect(show('site/content/packages/zlib.json')).toBe('newer');
});

test('tries again when GitHub is busy or another run was faster', async () => {
  const work = checkOut('work');
  write(work, 'site/content/builds/zlib/zlib-1.json', build('zlib'));
  api.fail(429, 502, 'slow down', 'stale', 'stale', 502);
  const { commits } = await commit(work);
  expect(commits).toHaveLength(1);
  expect(show('site/content/builds/zlib/zlib-1.json')).toBe(build('zlib'));
});

test('counts a commit whose answer was lost', async () => {
  const work = checkOut('work');
  write(work, 'site/content/builds/zlib/zlib-1.json', build('zlib'));
  api.fail('lost answer');
  const told: number[] = [];
  // The build and the month's counts.
  expect(await commit(work, (files) => told.push(files))).toMatchObject({ files: 2, lost: [] });
  expect(told).toEqual([2]);
  expect(git(origin, 'rev-list', '--count', 'main').trim()).toBe('2');
  expect(JSON.parse(show(STATS))).toMatchObject({ builds: 1 });
});

test('counts nothing twice after a lost answer without a commit', async () => {
  const work = checkOut('work');
  write(work, 'site/content/builds/zlib/zlib-1.json', build('zlib'));
  api.fail(502, 502);
  expect(await commit(work)).toMatchObject({ files: 2, commits: [{}], lost: [] });
  expect(JSON.parse(show(STATS))).toMatchObject({ builds: 1 });
});

test("adds to a month's counts, and refuses those that somebody wrote by hand", async () => {
  const first = checkOut('first-run');
  write(first, 'site/content/builds/zlib/zlib-1.json', build('zlib'));
  write(first, 'site/content/failures/hdf5/1.json', JSON.stringify({ date: '2026-11-02T00:00:00Z' }));
  await commit(first);
  const second = checkOut('second-run');
  write(second, 'site/content/failures/hdf5/1.json', JSON.stringify({ date: '2026-11-03T00:00:00Z' }));
  rmSync(join(second, 'site/content/builds/zlib/zlib-1.json'));
  await commit(second);
  expect(JSON.parse(show(STATS))).toEqual({ month: '2026-11', builds: 1, failures: 2 });
  const third = checkOut('third-run');
  write(third, STATS, '{}');
  await commit(third);
  const fourth = checkOut('fourth-run');
  write(fourth, 'site/content/builds/zlib/zlib-2.json', build('zlib'));
  await expect(commit(fourth)).rejects.toThrow('stats/2026-11.json: expected the counts of a month');
});

test("starts over when the counts were another owner's", async () => {
  const theirs = checkOut('theirs');
  write(theirs, 'site/content/builds/zlib/zlib-1.json', build('theirs'));
  write(theirs, 'site/content/cache.json', 'theirs');
  await commit(theirs);
  const ours = checkOut('ours');
  for (const path of [STATS, 'site/content/packages/zlib.json']) rmSync(join(ours, path));
  write(ours, 'site/content/builds/zlib/zlib-1.json', build('ours'));
  write(ours, 'site/content/cache.json', 'ours');
  await commit(ours);
  expect(JSON.parse(show(STATS))).toEqual({ month: '2026-11', builds: 1, failures: 0 });
});

test('reports the rule that refuses a commit, and what to allow', async () => {
  const work = checkOut('work');
  write(work, 'site/content/builds/zlib/zlib-1.json', build('zlib'));
  api.fail('rule');
  await expect(commit(work)).rejects.toThrow(
    /rule of the branch main refuses the commit: .*must be made through a pull request.*settings\/rules.*COMMIT_TOKEN/,
  );
  api.fail('forbidden');
  await expect(commit(work)).rejects.toThrow(/permissions: contents: write/);
  expect(git(origin, 'rev-list', '--count', 'main').trim()).toBe('1');
});

test.each(['race', 'timeout', 'slow down with 200', '502 page', 'lost answer'] as const)(
  'commits everything in spite of "%s" at any request',
  async (fault) => {
    for (let at = 0; at < 3; at += 1) {
      const work = checkOut(`work-${at}`);
      write(work, `site/content/builds/zlib/zlib-${at}.json`, build('zlib'));
      write(work, 'README.md', 'the head moves');
      api.failAt(at, fault);
      expect(await commit(work)).toMatchObject({ files: 2, lost: [] });
      expect(JSON.parse(show(STATS))).toMatchObject({ builds: at + 1 });
    }
  },
);

test.each(['checks rule', 'ref rule', 'classic rule', 'review rule', 'people rule', 'future rule'] as const)(
  'takes "%s" for a rule of the branch',
  async (fault) => {
    const work = checkOut('work');
    write(work, 'site/content/builds/zlib/zlib-1.json', build('zlib'));
    api.fail(fault);
    await expect(commit(work)).rejects.toThrow('a rule of the branch main refuses the commit');
  },
);

test('reports an exhausted rate limit, and sends no more requests', async () => {
  const work = checkOut('work');
  write(work, 'site/content/builds/zlib/zlib-1.json', build('zlib'));
  api.fail('limit');
  await expect(commit(work)).rejects.toThrow(/no more requests for now: .*run it again after \d\d:\d\d UTC/);
  expect(api.requests).toHaveLength(1);
});

test('reports what is committed before a later commit fails', async () => {
  const work = checkOut('work');
  for (let file = 0; file < 1_001; file += 1)
    write(work, `site/content/packages/p${file}.json`, `package ${file}`);
  const told: number[] = [];
  const local = await readChanges(join(work, 'site/content'));
  const committing = commitFiles(github, 'main', local, MESSAGE, (files) => {
    told.push(files);
    api.fail('rule');
  });
  await expect(committing).rejects.toThrow('a rule of the branch main');
  expect(told).toEqual([1_000]);
  expect(tree()).toContain('site/content/packages/p0.json');
});

test('reports a missing branch', async () => {
  const work = checkOut('work');
  write(work, 'site/content/builds/zlib/zlib-1.json', build('zlib'));
  await expect(
    commitFiles(github, 'nope', await readChanges(join(work, 'site/content')), MESSAGE),
  ).rejects.toThrow('Owner/repo has no branch nope');
});

async function commit(work: string, onCommit?: (files: number) => void): Promise<Committed> {
  return commitFiles(github, 'main', await readChanges(join(work, 'site/content')), MESSAGE, onCommit);
}

/** The part of a build's record that is read. */
function build(by: string): string {
  return JSON.stringify({ published: '2026-11-01T00:00:00Z', by });
}

function checkOut(name: string): string {
  const work = join(folder, name);
  cloneRepository(origin, work);
  return work;
}

function write(work: string, path: string, content: string): void {
  mkdirSync(dirname(join(work, path)), { recursive: true });
  writeFileSync(join(work, path), content);
}

function show(path: string): string {
  return git(origin, 'show', `main:${path}`);
}

function tree(): string[] {
  return git(origin, 'ls-tree', '-r', '-z', '--name-only', 'main').split('\0').filter(Boolean);
}
