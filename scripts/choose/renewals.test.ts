import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import { chooseRenewals } from './renewals.ts';

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

function choose(
  files: Record<string, object>,
  settings: object = {},
  packagesVersion = 'v2026.06.0',
  targets = [TARGET],
) {
  const catalog = mkdtempSync(join(tmpdir(), 'renewals-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(catalog, path)), { recursive: true });
    writeFileSync(join(catalog, path), JSON.stringify(content));
  }
  const { environments, retryAfterDays } = BuildCacheSettings.parse({ environments: settings });
  return chooseRenewals(
    packagesVersion,
    targets.map((target) => ({ catalog, target, days: retryAfterDays, date: NOW })),
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
  expect(reasons).toEqual(['1 environment continued, solved by an earlier run, for x86_64_v3: course.']);
  const failure = { name: 'app', spec: 'app', target: 'x86_64_v3', log: [], date: '2026-06-20T00:00:00Z' };
  const failed = (kind: string) => ({ ...waiting, [`failures/app/${HASH}.json`]: { ...failure, kind } });
  expect(choose(failed('compile')).wishes).toEqual([]);
  expect(choose(failed('timeout')).wishes).toHaveLength(1);
  expect(choose(failed('lost')).wishes).toHaveLength(1);
  expect(choose({ ...waiting, [`builds/app/app-1-${HASH}.json`]: {} }).wishes).toEqual([]);
});

/** Environments that were solved for targets long ago. */
function solvedLongAgo(count: number, targets = [TARGET]): Record<string, object> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      const name = `environments/e${index}`;
      const month = String(1 + (index % 4)).padStart(2, '0');
      const day = String(1 + (index % 28)).padStart(2, '0');
      const last = { release: 'v2025.11.0', date: `2026-${month}-${day}T00:00:00Z` };
      return [
        [`${name}.yaml`, { spack: {} }],
        [`${name}.lock.json`, lock()],
        [`${name}.solved.json`, { targets: Object.fromEntries(targets.map(({ name: of }) => [of, last])) }],
      ] as const;
    }).flat(),
  );
}

test('takes those solved the longest ago first, and leaves the rest for the next day', () => {
  const { wishes } = choose(solvedLongAgo(60));
  expect(wishes).toHaveLength(50);
  expect(wishes[0]?.environment).toBe('e0');
});

test('renews environments for all targets on the same day, as many as fit into one run', () => {
  const [own, arm, ...more] = Array.from({ length: 8 }, (_, index) => ({
    ...TARGET,
    name: `target-${index}`,
  }));
  const two = [own ?? TARGET, arm ?? TARGET];
  const { wishes, reasons } = choose(solvedLongAgo(60, two), {}, 'v2026.06.0', two);
  expect(wishes).toHaveLength(100);
  expect(new Set(wishes.slice(0, 4).map(({ target }) => target)).size).toBe(2);
  expect(reasons.map((reason) => reason.split(':')[0])).toEqual([
    '50 environments solved again with the recipes v2026.06.0, for target-0',
    '50 environments solved again with the recipes v2026.06.0, for target-1',
  ]);
  const all = [...two, ...more];
  expect(choose(solvedLongAgo(40, all), {}, 'v2026.06.0', all).wishes).toHaveLength(256);
});
