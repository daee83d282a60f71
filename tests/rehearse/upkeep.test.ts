import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AdvisoryList } from '../../site/schemas/api/advisory-list.ts';
import { HealthDocument } from '../../site/schemas/api/checks/health-document.ts';
import { IndexDocument } from '../../site/schemas/api/index-document.ts';
import { ReproducedDocument } from '../../site/schemas/api/checks/reproduced-document.ts';
import { Build } from '../../site/schemas/build.ts';
import { commitFiles, makeRepository } from '../world/git.ts';
import { findSolvers } from '../world/spack.ts';
import { makeSpackReleases, type SpackReleases } from '../world/spack-releases.ts';
import { openRehearsal, type Rehearsal } from './rehearsal.ts';
import { expectSuccess, oneInstallRoot, readCatalogFile, RECIPES, SETTINGS } from './setting.ts';

const [spack] = findSolvers();
const isRunnable = spack !== undefined && process.env['FULL'] === '1';
const HOUR_MS = 3_600_000;
let rehearsal: Rehearsal;
let releases: SpackReleases;
/** An additional repository of recipes, and the variables that name it for every run. */
let lab: string;
let vars: Record<string, string>;

beforeAll(async () => {
  if (!isRunnable) return;
  rehearsal = await openRehearsal({
    repository: 'Some-Owner/Cache',
    settings: `${SETTINGS}spack: v1.1.0\npackages: v2025.11.0\n`,
  });
  // Removes Spack's indexes of all builtin recipes: this test uses only a few.
  rmSync(join(rehearsal.folder, 'spack-warm'), { recursive: true, force: true });
  const folder = mkdtempSync(join(rehearsal.folder, 'releases-'));
  releases = await makeSpackReleases(folder, spack);
  releases.releaseSpack('v1.1.0');
  releases.releaseRecipes('v2025.11.0');
  lab = join(folder, 'lab');
  makeRepository(lab);
  cpSync(resolve(import.meta.dirname, '../..', RECIPES), lab, { recursive: true });
  commitFiles(lab);
  vars = { SPACK_REPOS: `file://${lab}` };
  const built = await rehearsal.run('manual', {
    name: 'workflow_dispatch',
    inputs: { specs: 'trial-app', deploy: true },
    vars,
    env: { ...releases.environment, ...oneInstallRoot(rehearsal) },
  });
  expectSuccess(built);
}, HOUR_MS);

afterAll(() => rehearsal?.close());

test.runIf(isRunnable)('reproducible builds are recorded, and the site shows them', async () => {
  const again = await rehearsal.run('challenge', {
    name: 'workflow_dispatch',
    inputs: { builds: 'trial-app', count: '3' },
    vars,
    env: { ...releases.environment, ...oneInstallRoot(rehearsal) },
  });
  expectSuccess(again);
  const app = Build.parse(JSON.parse(readCatalogFile(rehearsal, 'builds/trial-app/')));
  const { last, alike } = ReproducedDocument.parse(await askSite('reproduced'));
  // The second run was the first run's deployment.
  expect(last).toMatchObject({ compared: 1, equal: 1, run: expect.stringMatching(/\/runs\/1003$/) });
  expect(alike).toMatchObject([{ hash: app.hash, tarball: app.tarball.digest, by: 2 }]);
});

test.runIf(isRunnable)(
  'newer releases are proposed once, and the site shows what they deprecate',
  async () => {
    releases.releaseSpack('v1.9.0');
    releases.releaseRecipes('v2026.11.0');
    const recipe = join(lab, 'spack_repo/trial/packages/trial_base/package.py');
    const deprecated = 'version("1.1")\n    version("1.0", deprecated=True)';
    writeFileSync(recipe, readFileSync(recipe, 'utf8').replace('version("1.0")', deprecated));
    commitFiles(lab);
    const event = { name: 'workflow_dispatch' as const, vars, env: releases.environment };
    expectSuccess(await rehearsal.run('newer-releases', event));
    expect(rehearsal.api.issues).toHaveLength(1);
    expect(rehearsal.api.issues[0]).toMatchObject({
      title: 'Newer releases: Spack v1.9.0, recipes v2026.11.0',
      labels: ['newer-release'],
      body: expect.stringMatching(
        /trial&#45;base&#64;1\.0 \/\w{7} \| deprecated \| its version is deprecated/,
      ),
    });
    const { advisories } = AdvisoryList.parse(await askSite('advisories'));
    expect(advisories).toMatchObject([{ name: 'trial-base', version: '1.0', since: 'v2026.11.0' }]);

    const before = [rehearsal.git('rev-parse', 'main'), rehearsal.pages.deployments.length];
    expectSuccess(await rehearsal.run('newer-releases', event));
    expect(rehearsal.api.issues).toHaveLength(1);
    expect([rehearsal.git('rev-parse', 'main'), rehearsal.pages.deployments.length]).toEqual(before);
  },
);

test.runIf(isRunnable)('the doctor downloads everything, and the site says what is wrong', async () => {
  const { code } = await rehearsal.run('doctor', { name: 'workflow_dispatch', inputs: { deep: true } });
  expect(code).not.toBe(0);
  const { last } = HealthDocument.parse(await askSite('health'));
  // A new package in GitHub's registry is private, and nobody has changed that.
  expect(last).toMatchObject({ deep: true, problems: 1, findings: [{ code: 'registry-private' }] });
});

test.runIf(isRunnable)(
  'builds past their retention are no longer listed, and can be downloaded for some days',
  async () => {
    const app = Build.parse(JSON.parse(readCatalogFile(rehearsal, 'builds/trial-app/')));
    rehearsal.push({ '.github/build-cache.yaml': `${SETTINGS}retention: { size: 1B }\n` });
    expectSuccess(await rehearsal.run('prune', { name: 'workflow_dispatch', inputs: { apply: true } }));
    expect(rehearsal.git('ls-tree', '-r', '--name-only', 'main', 'site/content/builds')).toBe('');
    const { counts } = IndexDocument.parse(await askSite('index'));
    expect(counts).toMatchObject({ packages: 0, builds: 0 });
    const manifest = `v3/manifests/spec/trial-app/${app.image.tag.replace(/\.spack$/, '')}.spec.manifest.json`;
    expect((await rehearsal.fetch(`${rehearsal.siteUrl}/${manifest}`)).status).toBe(200);
  },
);

async function askSite(name: string): Promise<unknown> {
  return (await rehearsal.fetch(`${rehearsal.siteUrl}/api/${name}.json`)).json();
}
