import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IndexDocument } from '../../site/schemas/api/index-document.ts';
import { PackageList } from '../../site/schemas/api/package-list.ts';
import { ViewList } from '../../site/schemas/api/view-list.ts';
import type { Outcome } from '../world/run.ts';
import { OWN_DOMAIN } from '../world/pages-service.ts';
import { openRehearsal, TOKEN, type Rehearsal, type RunEvent } from './rehearsal.ts';
import { BUILD_HERE, expectSuccess, RECIPES } from './setting.ts';

/**
 * Setups of a repository, as complete runs with a recorded Spack. Results are read from the served site and
 * the registry, not from the jobs, whose output is one sentence. tests/workflows/settings.test.ts has the
 * rest of the table.
 */

const isFull = process.env['FULL'] === '1';
const SETTINGS = 'targets:\n  - { name: x86_64_v3, runner: ubuntu-24.04 }\n';
let rehearsal: Rehearsal;

async function askSite(name: string, siteUrl = rehearsal.siteUrl): Promise<unknown> {
  const response = await rehearsal.fetch(`${siteUrl}/api/${name}.json`);
  return response.ok ? response.json() : response.status;
}

async function readIndex(): Promise<IndexDocument> {
  return IndexDocument.parse(await askSite('index'));
}

/** Lists the names of packages on the site. */
async function listPackages(): Promise<string[]> {
  return PackageList.parse(await askSite('packages')).packages.map(({ name }) => name);
}

/** Lists the tags of a package in the registry. */
async function listTags(name: string): Promise<string[]> {
  return (await rehearsal.ghcr.versions(name)).flatMap(({ tags }) => tags).sort();
}

/** Reads the state that a run without changes must not change. */
async function readAll(registry: string): Promise<unknown> {
  return [
    rehearsal.git('rev-parse', 'main'),
    await listTags(registry),
    await askSite('index'),
    rehearsal.pages.deployments.length,
  ];
}

function build(specs: string, event: Partial<RunEvent> = {}): Promise<Outcome & { id: string }> {
  const inputs = { specs, own: RECIPES, deploy: true };
  return rehearsal.run('manual', { name: 'workflow_dispatch', inputs, env: BUILD_HERE, ...event });
}

describe.runIf(isFull)('a public repository with an odd name', () => {
  /** The part of the name that a registry accepts. */
  const REGISTRY = 'some-owner/my.cache.v2';

  beforeAll(async () => {
    rehearsal = await openRehearsal({
      ...{ repository: 'Some-Owner/_My.Cache.v2-', settings: SETTINGS, spack: 'recorded' },
    });
  });
  afterAll(() => rehearsal.close());

  test('first push of a copy: nothing is red, and nothing is deployed', async () => {
    rehearsal.pages.isOn = false;
    for (const workflow of ['deploy', 'ci']) {
      const run = await rehearsal.run(workflow, { name: 'push' });
      expectSuccess(run);
      expect(run.output).not.toMatch(/Job succeeded/);
    }
    rehearsal.pages.isOn = true;
    expect(await askSite('index')).toBe(404);
    expect(rehearsal.api.requests).toEqual([]);
  });

  test('a name with dots that begins with "_" and ends with "-": the registry has the part that it accepts, the site all of it', async () => {
    expectSuccess(await build('trial-tool'));
    expect(await listTags(REGISTRY)).toEqual(['index.spack', expect.stringMatching(/^trial-tool-2\.0-/)]);
    expect(rehearsal.siteUrl).toMatch(/\/_My\.Cache\.v2-$/);
    const { url, name, links } = await readIndex();
    expect([url, name]).toEqual([rehearsal.siteUrl, '_My-Cache-v2']);
    expect((await rehearsal.fetch(links.packages)).status).toBe(200);
    expect(await listPackages()).toEqual(['trial-tool']);
  });

  test("a rule for main in a person's repository: the run stops before it builds", async () => {
    await rehearsal.change({ rules: ['deletion', 'pull_request'] });
    const before = await readAll(REGISTRY);
    const { code, output } = await build('trial-base');
    expect(code).not.toBe(0);
    expect(output).toMatch(
      /Rules of the branch: a rule of main \(pull_request\) refuses the commit of new builds\. .*cannot be on the bypass list/,
    );
    expect(output).not.toMatch(/\/Concretize/);
    expect(await readAll(REGISTRY)).toEqual(before);
  });

  test('a rule for main in an organization\'s: it says so first, and "Re-run failed jobs" publishes the builds', async () => {
    await rehearsal.change({ owner: 'Organization' });
    rehearsal.api.fail('rule');
    const { code, output, id } = await build('trial-tool trial-base');
    expect(code).not.toBe(0);
    expect(output).toMatch(/Rules of the branch: a rule of main \(pull_request\) may refuse the commit/);
    expect(output).toMatch(
      /a rule of the branch main refuses the commit: .*organizations\/Some-Owner\/settings\/rules/,
    );
    expect(await listTags(REGISTRY)).toContainEqual(expect.stringMatching(/^trial-base-/));
    expect(await listPackages()).toEqual(['trial-tool']);

    await rehearsal.change({ rules: [] });
    const again = await build('trial-tool trial-base', { attempt: { run: id, number: 2, isOfFailed: true } });
    expectSuccess(again);
    expect(again.output).not.toMatch(/Choose what to build|node scripts\/build\.ts/);
    expect(await listPackages()).toEqual(['trial-base', 'trial-tool']);
  });

  test('issues off: a failed deployment says that it is not reported', async () => {
    await rehearsal.change({ owner: 'User', hasIssues: false });
    const { deployments } = rehearsal.pages;
    deployments.push({ id: 'f'.repeat(40), status: 'deployment_in_progress', isServed: false });
    const { code, output } = await rehearsal.run('deploy', { name: 'workflow_dispatch' });
    deployments.pop();
    expect(code).not.toBe(0);
    expect(output).toMatch(
      /Issues are switched off in this repository: this failure is not reported as an issue/,
    );
    expect(rehearsal.api.issues).toEqual([]);
    expect(await listPackages()).toEqual(['trial-base', 'trial-tool']);
    await rehearsal.change({ hasIssues: true });
  });

  test('a run from another branch builds and checks, and changes nothing', async () => {
    rehearsal.git('branch', 'try', 'main');
    const before = await readAll(REGISTRY);
    const run = await build('fails-configure', { branch: 'try' });
    expectSuccess(run);
    expect(run.output).toMatch(
      /This run is for the branch try and publishes nothing: the site is built only from main/,
    );
    expect(run.output).toMatch(/1 jobs received: 0 builds/);
    expect([await readAll(REGISTRY), rehearsal.git('rev-parse', 'try')]).toEqual([
      before,
      rehearsal.git('rev-parse', 'main'),
    ]);
  });

  test('a renamed repository: the next run moves the site to the new address, and the registry stays', async () => {
    const old = rehearsal.siteUrl;
    await rehearsal.change({ repository: 'Some-Owner/renamed' });
    expect(await readIndex()).toMatchObject({ url: old });
    const run = await build('trial-tool');
    expectSuccess(run);
    expect(run.output).toMatch(/Deploying: nothing was committed, but the site was built for another/);
    expect(await readIndex()).toMatchObject({ url: rehearsal.siteUrl, counts: { builds: 2 } });
    expect(await askSite('index', old)).toBe(404);
    expect(await listTags('some-owner/renamed')).toEqual([]);
    const page = await (await rehearsal.fetch(`${rehearsal.siteUrl}/packages/trial-tool/`)).text();
    expect(page).not.toContain(old);
  });

  test('a transferred repository: the run stops first, and continues with a login for the registry', async () => {
    await rehearsal.change({ repository: 'New-Lab/renamed', owner: 'Organization' });
    const before = await readAll(REGISTRY);
    const { code, output } = await build('trial-tool fails-configure');
    expect(code).not.toBe(0);
    expect(output).toMatch(
      /ghcr\.io\/some-owner\/my\.cache\.v2 belongs to another owner than this repository/,
    );
    expect(output).not.toMatch(/\/Concretize/);
    expect(await readAll(REGISTRY)).toEqual(before);

    const login = { vars: { REGISTRY_USERNAME: 'some-owner' }, secrets: { REGISTRY_PASSWORD: TOKEN } };
    expectSuccess(await build('trial-tool fails-configure', login));
    expect(await readIndex()).toMatchObject({ url: rehearsal.siteUrl, counts: { builds: 2, failures: 1 } });
    // Settings files for consumers are recorded for the new address, even without new builds.
    const { settings } = ViewList.parse(await askSite('views'));
    const { include } = settings[0] ?? {};
    expect(include?.path.startsWith(rehearsal.siteUrl)).toBe(true);
    expect((await rehearsal.fetch(include?.path ?? '')).status).toBe(200);
  });
});

describe.runIf(isFull)('a private repository, owner.github.io itself', () => {
  const REGISTRY = 'some-owner/some-owner.github.io';

  beforeAll(async () => {
    rehearsal = await openRehearsal({
      ...{ repository: 'Some-Owner/Some-Owner.github.io', isPrivate: true },
      ...{ settings: SETTINGS, spack: 'recorded' },
      packages: ['trial_tool', 'trial_base'],
    });
  });
  afterAll(() => rehearsal.close());

  test('a scheduled run builds, keeps artifacts for a day, attests nothing, and deploys to the root of the host', async () => {
    const vars = { SCHEDULED_BUILDS: 'true', OWN_PACKAGES: RECIPES };
    expectSuccess(await rehearsal.run('scheduled', { name: 'schedule', vars, env: BUILD_HERE }));
    expect(await listTags(REGISTRY)).toEqual([
      'index.spack',
      expect.stringMatching(/^trial-base-/),
      expect.stringMatching(/^trial-tool-/),
    ]);
    expect(new URL(rehearsal.siteUrl).pathname).toBe('/');
    expect(await readIndex()).toMatchObject({ url: rehearsal.siteUrl, counts: { builds: 2 } });
    const days = rehearsal.artifacts.artifacts
      .filter(({ name }) => !name.startsWith('pages-'))
      .map((each) => each.days);
    expect(new Set(days)).toEqual(new Set([1]));
    expect(existsSync(join(rehearsal.folder, 'attested.txt'))).toBe(false);
  });

  test('a custom domain: a run that finds everything cached moves the site to it', async () => {
    const before = rehearsal.git('rev-parse', 'main');
    const old = rehearsal.siteUrl;
    await rehearsal.change({ hasDomain: true });
    const run = await build('trial-tool');
    expectSuccess(run);
    expect(run.output).toMatch(/built for another address/);
    expect(await readIndex()).toMatchObject({ url: `https://${OWN_DOMAIN}` });
    expect(rehearsal.git('rev-parse', 'main')).toBe(before);
    expect((await rehearsal.fetch(`${old}/api/index.json`)).headers.get('location')).toBe(
      `https://${OWN_DOMAIN}/api/index.json`,
    );
  });

  test('a custom domain: build jobs, which may not ask for the address, are redirected to it', async () => {
    const run = await build('fails-configure');
    expectSuccess(run);
    expect(run.output).toMatch(/using https:\/\/some-owner\.github\.io as a mirror/);
    expect(await readIndex()).toMatchObject({ counts: { builds: 2, failures: 1 } });
  });
});
