import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Container } from '../../site/schemas/container.ts';
import { LockFile, SolvedEnvironment } from '../../site/schemas/lock-file.ts';
import { openRegistry } from '../../scripts/oci/open-registry.ts';
import { pushSmallBase } from '../e2e/small-base.ts';
import { findSolvers } from '../world/spack.ts';
import { openRehearsal, type Rehearsal } from './rehearsal.ts';
import {
  ANOTHER_TARGET,
  BUILD_HERE,
  expectSuccess,
  oneInstallRoot,
  readCatalogFile,
  RECIPES,
  SETTINGS,
  TARGET,
} from './setting.ts';

const canRehearse = findSolvers().length > 0 && process.env['FULL'] === '1';
const vars = { OWN_PACKAGES: RECIPES };
let rehearsal: Rehearsal;

beforeAll(async () => {
  if (!canRehearse) return;
  rehearsal = await openRehearsal({
    repository: 'owner/owner.github.io',
    registry: 'variable',
    settings: `${SETTINGS}exclude: [trial-none]\n`,
    packages: ['trial_tool', '_trial_none'],
  });
});

afterAll(() => rehearsal?.close());

test.runIf(canRehearse)('the schedule does nothing until the owner has enabled it', async () => {
  const { output } = await rehearsal.run('scheduled', { name: 'schedule', vars, env: BUILD_HERE });
  expect(output).not.toMatch(/Job succeeded/);
  expect(rehearsal.git('rev-list', '--count', 'main').trim()).toBe('1');
});

test.runIf(canRehearse)('the next run repairs a publish that could not commit', async () => {
  rehearsal.api.fail('rule');
  const event = {
    name: 'schedule' as const,
    vars: { ...vars, SCHEDULED_BUILDS: 'true' },
    env: BUILD_HERE,
  };
  const refused = await rehearsal.run('scheduled', event);
  expect(refused.code).not.toBe(0);
  expect(refused.output).toMatch(/a rule of the branch main refuses the commit: .*bypass list/);
  expect(rehearsal.git('rev-list', '--count', 'main').trim()).toBe('1');

  // Simulates "Re-run all jobs": the second attempt of the same run.
  const next = await rehearsal.run('scheduled', { ...event, attempt: { run: '1002', number: 2 } });
  expectSuccess(next);
  const { image } = JSON.parse(readCatalogFile(rehearsal, 'builds/trial-tool/'));
  const tagged = await openRegistry(rehearsal.registry).describeTag(image.tag);
  expect(tagged?.digest).toBe(image.digest);
  expect(existsSync(join(rehearsal.folder, 'pages/v3/manifests/spec/trial-tool'))).toBe(true);
});

test.runIf(canRehearse)('the schedule says so when its list is exhausted', async () => {
  const done = await rehearsal.run('scheduled', {
    name: 'schedule',
    vars: { ...vars, SCHEDULED_BUILDS: 'true' },
    env: BUILD_HERE,
  });
  expectSuccess(done);
  expect(done.output).toMatch(/The list is exhausted/);
  expect(done.output).not.toMatch(/\/Concretize.*Job succeeded/);
});

test.runIf(canRehearse)(
  'an environment is locked and built for each target, and shared builds come from the cache',
  async () => {
    const yaml = 'spack:\n  specs: [trial-app +loud]\n  concretizer: { unify: true }\n';
    rehearsal.push({ 'site/content/environments/stack.yaml': yaml });
    const run = await rehearsal.run('environment', {
      name: 'push',
      vars,
      env: { ...BUILD_HERE, ...oneInstallRoot(rehearsal) },
    });
    expectSuccess(run);
    const lock = LockFile.parse(
      JSON.parse(rehearsal.git('show', 'main:site/content/environments/stack.lock.json')),
    );
    expect(lock.roots).toHaveLength(1);
    expect(readCatalogFile(rehearsal, 'builds/trial-app/')).toContain(lock.roots[0]?.hash);
    expect(run.output).toMatch(/1 taken from this cache, 0 failed/);
  },
);

test.runIf(canRehearse)('a cached environment gets its container, and a page with it', async () => {
  const host = rehearsal.registry.split('/')[0] ?? '';
  await pushSmallBase(`http://${host}/base/small`, rehearsal.folder);
  const settings = `${SETTINGS}exclude: [trial-none]\nbaseImage: ${host}/base/small:1\n`;
  rehearsal.push({ '.github/build-cache.yaml': settings });
  const run = await rehearsal.run('environment', {
    name: 'workflow_dispatch',
    inputs: { environment: 'stack', container: true },
    vars,
    env: { ...BUILD_HERE, ...oneInstallRoot(rehearsal) },
  });
  expectSuccess(run);
  expect(run.output).toMatch(/0 builds and 1 containers added/);
  const { digest, tags } = Container.parse(JSON.parse(readCatalogFile(rehearsal, 'containers/env-stack/')));
  const tagged = await openRegistry(rehearsal.registry).readText(tags[0] ?? '');
  expect(tagged?.text).toContain(digest);
  expect(readFileSync(join(rehearsal.folder, 'attested.txt'), 'utf8')).toContain(
    `${digest.slice('sha256:'.length)}  env-stack`,
  );
  const page = await rehearsal.fetch(`${rehearsal.siteUrl}/environments/stack/`);
  expect(await page.text()).toContain(`docker run --rm -it ${rehearsal.registry}:env-stack`);
});

test.runIf(canRehearse)('a dry run checks everything and changes nothing', async () => {
  const commits = () =>
    rehearsal.api.requests.filter((request) => /createCommitOnBranch/.test(request)).length;
  const before = [rehearsal.git('rev-parse', 'main'), commits()];
  const dry = await rehearsal.run('manual', {
    name: 'workflow_dispatch',
    inputs: { specs: 'trial-app@1.1', target: TARGET, deploy: false },
    vars,
    env: BUILD_HERE,
  });
  expectSuccess(dry);
  expect(dry.output).toMatch(/1 jobs received: \d builds and 0 containers added/);
  expect([rehearsal.git('rev-parse', 'main'), commits()]).toEqual(before);
});

test.runIf(canRehearse)('the schedule renews environments of all targets with newer recipes', async () => {
  const names = ['course', 'lab'];
  const settingsFor = (release: string): string => `packages: ${release}
exclude: [trial-none, trial-tool]
targets:
  - { name: ${TARGET}, runner: ubuntu-24.04 }
  - { name: ${ANOTHER_TARGET}, runner: ubuntu-24.04 }
environments: { ${names.map((name) => `${name}: { refresh: always }`).join(', ')} }
`;
  const environment = (name: string) => `site/content/environments/${name}`;
  const read = (name: string): unknown =>
    JSON.parse(rehearsal.git('show', `main:${environment(name)}`)) as unknown;
  const versions = (name: string): string[] => {
    const { roots, concrete_specs: nodes } = LockFile.parse(read(`${name}.lock.json`));
    return roots.map(({ hash }) => nodes[hash]?.version ?? '');
  };
  rehearsal.push({
    '.github/build-cache.yaml': settingsFor('v2025.11.0'),
    [environment('course.yaml')]: 'spack:\n  specs: [trial-base]\n',
    [environment('lab.yaml')]: 'spack:\n  specs: [trial-base, trial-script]\n',
  });
  const env = { ...BUILD_HERE, ...oneInstallRoot(rehearsal) };
  const inputs = { environment: names.join(' ') };
  expectSuccess(await rehearsal.run('environment', { name: 'workflow_dispatch', inputs, vars, env }));
  expect(versions('course')).toEqual(['1.0', '1.0']);

  const recipe = `${RECIPES}/spack_repo/trial/packages/trial_base/package.py`;
  const text = rehearsal.git('show', `main:${recipe}`);
  rehearsal.push({
    '.github/build-cache.yaml': settingsFor('v2026.06.0'),
    [recipe]: text.replace('version("1.0")', 'version("2.0")\n    version("1.0")'),
  });
  const scheduled = { ...vars, SCHEDULED_BUILDS: 'true' };
  const renewed = await rehearsal.run('scheduled', { name: 'schedule', vars: scheduled, env });
  expectSuccess(renewed);
  for (const target of [TARGET, ANOTHER_TARGET])
    expect(renewed.output).toContain(
      `2 environments solved again with the recipes v2026.06.0, for ${target}: course, lab.`,
    );
  expect(versions('course')).toEqual(['2.0', '2.0']);
  expect(versions('lab').filter((version) => version === '2.0')).toHaveLength(2);
  for (const name of names) {
    const { targets, next } = SolvedEnvironment.parse(read(`${name}.solved.json`));
    const releases = Object.entries(targets).map(([target, { release }]) => [target, release]);
    expect(Object.fromEntries(releases)).toEqual({
      [TARGET]: 'v2026.06.0',
      [ANOTHER_TARGET]: 'v2026.06.0',
    });
    expect(next).toBeUndefined();
  }
});
