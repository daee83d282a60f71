import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import { commitFiles, git, makeRepository } from '../../tests/world/git.ts';
import { chooseRenewals, findStaleNames } from './renewals.ts';

const HASH = 'a'.repeat(32);
const NOW = new Date('2026-06-25T03:17:00Z');
const TARGET = { name: 'x86_64_v3', runner: 'ubuntu-24.04' };

function lock(target = 'x86_64_v3') {
  const arch = { platform: 'linux', platform_os: 'ubuntu24.04', target };
  return {
    _meta: { 'lockfile-version': 6, 'specfile-version': 5 },
    roots: [{ hash: HASH, spec: 'app' }],
    concrete_specs: { [HASH]: { name: 'app', version: '1', arch, dependencies: [], hash: HASH } },
  };
}

function solvedWith(release: string, date: string, next?: object) {
  return { targets: { x86_64_v3: { release, date } }, ...(next ? { next } : {}) };
}

function choose(files: Record<string, object>, settings: object = {}, packagesVersion = 'v2026.06.0') {
  const catalog = mkdtempSync(join(tmpdir(), 'renewals-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(catalog, path)), { recursive: true });
    writeFileSync(join(catalog, path), JSON.stringify(content));
  }
  const { environments, retryAfterDays } = BuildCacheSettings.parse({ environments: settings });
  return chooseRenewals(
    packagesVersion,
    { catalog, target: TARGET, days: retryAfterDays, date: NOW },
    environments,
  );
}

const stack = { 'environments/course.yaml': { spack: { specs: ['app'] } } };
const OLD = {
  ...stack,
  'environments/course.lock.json': lock(),
  'environments/course.solved.json': solvedWith('v2025.11.0', '2026-05-01T00:00:00Z'),
};
const RECENT = {
  ...OLD,
  'environments/course.solved.json': solvedWith('v2026.03.0', '2026-06-01T00:00:00Z'),
};
const SAME = {
  ...OLD,
  'environments/course.solved.json': solvedWith('v2026.06.0', '2026-05-01T00:00:00Z'),
};

test.each([
  ['of an older release', OLD, {}, 1],
  ['of nobody knows which release', { ...stack, 'environments/course.lock.json': lock() }, {}, 1],
  ['of the same release', SAME, {}, 0],
  ['solved this month', RECENT, {}, 0],
  ['solved this month, but always renewed', RECENT, { course: { refresh: 'always' } }, 1],
  ['of the same release, always renewed', SAME, { course: { refresh: 'always' } }, 0],
  ['never renewed', OLD, { course: { refresh: 'never' } }, 0],
  ['that was never solved: its own workflow does that', stack, {}, 0],
  ['of another target', { ...stack, 'environments/course.lock.json': lock('aarch64') }, {}, 0],
] as const)('an environment %s', (_, files, settings, count) => {
  const { wishes, reasons } = choose(files, settings);
  expect(wishes).toEqual(
    Array.from({ length: count }, () => ({
      specs: [],
      target: 'x86_64_v3',
      environment: 'course',
      fresh: true,
    })),
  );
  expect(reasons).toHaveLength(count);
});

test('does not retry one without a solution for a while', () => {
  const failure = {
    name: 'course',
    spec: 'environment course',
    target: 'x86_64_v3',
    kind: 'concretize',
    log: [],
  };
  const files = (date: string) => ({ ...OLD, 'failures/course/7-unsolved-0.json': { ...failure, date } });
  expect(choose(files('2026-06-20T00:00:00Z')).wishes).toEqual([]);
  expect(choose(files('2026-05-20T00:00:00Z')).wishes).toHaveLength(1);
});

test('continues waiting builds, but not failed or complete ones', () => {
  const waiting = {
    ...OLD,
    'environments/course.solved.json': solvedWith('v2026.06.0', '2026-06-20T00:00:00Z', lock()),
  };
  const { wishes, reasons } = choose(waiting);
  expect(wishes).toMatchObject([{ environment: 'course', fresh: false }]);
  expect(reasons).toEqual(['1 environment continued, solved by an earlier run: course.']);
  const failure = { name: 'app', spec: 'app', target: 'x86_64_v3', log: [], date: '2026-06-20T00:00:00Z' };
  const failed = (kind: string) => ({ ...waiting, [`failures/app/${HASH}.json`]: { ...failure, kind } });
  expect(choose(failed('compile')).wishes).toEqual([]);
  expect(choose(failed('timeout')).wishes).toHaveLength(1);
  expect(choose(failed('lost')).wishes).toHaveLength(1);
  expect(choose({ ...waiting, [`builds/app/app-1-${HASH}.json`]: {} }).wishes).toEqual([]);
});

test('takes those solved the longest ago first, and leaves the rest for the next day', () => {
  const files = Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => {
      const name = `environments/e${index}`;
      const month = String(1 + (index % 4)).padStart(2, '0');
      const day = String(1 + (index % 28)).padStart(2, '0');
      return [
        [`${name}.yaml`, { spack: {} }],
        [`${name}.lock.json`, lock()],
        [`${name}.solved.json`, solvedWith('v2025.11.0', `2026-${month}-${day}T00:00:00Z`)],
      ] as const;
    }).flat(),
  );
  const { wishes } = choose(files);
  expect(wishes).toHaveLength(40);
  expect(wishes[0]?.environment).toBe('e0');
});

const folder = mkdtempSync(join(tmpdir(), 'stale-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

/** Commits recipes in a given state and returns the commit. */
function commit(recipes: Record<string, string>): string {
  const work = join(folder, 'git');
  for (const [name, text] of Object.entries(recipes))
    write(`git/repos/spack_repo/builtin/packages/${name}/package.py`, text);
  write('git/repos/spack_repo/builtin/build_systems/generic.py', '');
  makeRepository(work);
  git(work, 'config', 'uploadpack.allowFilter', 'true');
  git(work, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  return commitFiles(work);
}

const build = (name: string, published: string, origin: object) =>
  write(`catalog/builds/${name}/${published}.json`, JSON.stringify({ published, origin }));

test("finds packages whose newest build is from another recipe than the release's", async () => {
  const old = commit({ zlib: 'one', py_numpy: 'one', tree: 'one' });
  const release = commit({ zlib: 'two', py_numpy: 'one', tree: 'two' });
  build('zlib', '2026-01-01T00:00:00Z', { target: 'x86_64_v3', packages: old });
  build('py-numpy', '2026-01-01T00:00:00Z', { target: 'x86_64_v3', packages: old });
  build('tree', '2026-01-01T00:00:00Z', { target: 'x86_64_v3', packages: old });
  build('tree', '2026-02-01T00:00:00Z', { target: 'x86_64_v3', packages: release });
  build('gone', '2026-01-01T00:00:00Z', { target: 'x86_64_v3', packages: old });
  build('other', '2026-01-01T00:00:00Z', { target: 'aarch64', packages: old });
  build('laptop', '2026-01-01T00:00:00Z', { target: 'x86_64_v3', packages: 'installed' });
  const environment = { SPACK_PACKAGES_GIT_URL: `file://${folder}/git` };
  const find = (version: string) => findStaleNames(join(folder, 'catalog'), TARGET, version, environment);
  expect(await find(release)).toEqual(['zlib']);
  expect(await find(old)).toEqual(['tree']);
  await expect(find('no-such-tag')).rejects.toThrow('cannot fetch "no-such-tag"');
});

// A release's tag was moved: git keeps the old commit for some weeks.
test('renews builds whose commit is gone, and still compares the rest', async () => {
  const gone = commit({ lost: 'one', kept: 'one' });
  git(join(folder, 'git'), 'commit', '-q', '--amend', '--allow-empty', '-m', 'moved');
  const kept = git(join(folder, 'git'), 'rev-parse', 'HEAD').trim();
  git(join(folder, 'git'), 'reflog', 'expire', '--expire=now', '--all');
  git(join(folder, 'git'), 'gc', '-q', '--prune=now');
  build('lost', '2026-01-01T00:00:00Z', { target: 'moved', packages: gone });
  build('kept', '2026-01-01T00:00:00Z', { target: 'moved', packages: kept });
  const environment = { SPACK_PACKAGES_GIT_URL: `file://${folder}/git` };
  const find = () => findStaleNames(join(folder, 'catalog'), { ...TARGET, name: 'moved' }, kept, environment);
  expect(await find()).toEqual(['lost']);
});

test('asks no repository when the catalog does not record where its builds come from', async () => {
  const environment = { SPACK_PACKAGES_GIT_URL: 'file:///no/such' };
  expect(await findStaleNames(join(folder, 'nowhere'), TARGET, 'v1', environment)).toEqual([]);
});
