import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Build } from '../../site/schemas/build.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { MonthlyStats } from '../../site/schemas/monthly-stats.ts';
import { makeKey } from '../../scripts/signing/key.ts';
import { findSpacks } from '../world/spack.ts';
import { installFromSite } from './install-from-site.ts';
import type { Rehearsal } from './rehearsal.ts';
import { openRehearsal } from './rehearsal.ts';
import { BUILD_HERE, expectSuccess, readCatalogFile, RECIPES, SETTINGS, TARGET } from './setting.ts';

const isFull = process.env['FULL'] === '1';
const hasSpack = findSpacks().length > 0;
let rehearsal: Rehearsal;

beforeAll(async () => {
  if (!hasSpack) return;
  // Upper case, as many owners have it: registries want none.
  rehearsal = await openRehearsal({ repository: 'Some-Owner/Cache', settings: SETTINGS });
});

afterAll(() => rehearsal?.close());

test.runIf(hasSpack)(
  'three clicks: one spec, no variable and no key, gets built, published, deployed and installed',
  async () => {
    const run = await rehearsal.run('manual', {
      name: 'workflow_dispatch',
      inputs: { specs: 'trial-app', own: RECIPES, deploy: true },
      env: BUILD_HERE,
    });
    expectSuccess(run);
    const app = Build.parse(JSON.parse(readCatalogFile(rehearsal, 'builds/trial-app/')));
    expect(app.origin.run).toBe('https://github.com/Some-Owner/Cache/actions/runs/1001');
    expect(app.origin.runner).toBe('ubuntu-24.04');
    expect(rehearsal.git('log', '--format=%an', '-1', 'main').trim()).toBe('GitHub');
    expect(readFileSync(join(rehearsal.folder, 'attested.txt'), 'utf8')).toContain(
      `${app.tarball.digest.slice('sha256:'.length)}  ${app.image.tag}.tar.gz`,
    );
    // Settings that consumers include are recorded for where the site is.
    const listed = rehearsal.git('ls-tree', '-r', '--name-only', 'main', 'site/content/mirrors').trim();
    const settings = listed.split('\n').map((path) => rehearsal.git('show', `main:${path}`));
    expect(settings.join()).toContain(rehearsal.siteUrl);

    expect(await installFromSite(rehearsal.siteUrl, app.hash, 'trial-app', false)).toBe('1.2 hello');
  },
);

test.runIf(hasSpack && isFull)('the same again builds nothing and commits nothing', async () => {
  const before = rehearsal.git('rev-parse', 'main');
  const again = await rehearsal.run('manual', {
    name: 'workflow_dispatch',
    inputs: { specs: 'trial-app', own: RECIPES, deploy: true },
    env: BUILD_HERE,
  });
  expectSuccess(again);
  expect(again.output).toMatch(/0 builds planned/);
  expect(again.output).not.toMatch(/\/(Build 0|Publish|Deploy)\b.*Job succeeded/);
  expect(rehearsal.git('rev-parse', 'main')).toBe(before);
});

test.runIf(hasSpack && isFull)(
  'one build of three fails: the others are published and signed, and it is recorded',
  async () => {
    const { privateKey } = await makeKey({ name: 'Rehearsal', date: new Date() });
    const run = await rehearsal.run('manual', {
      name: 'workflow_dispatch',
      inputs: { specs: 'trial-tool fails-compile trial-base', own: RECIPES, deploy: true },
      secrets: { SIGNING_KEY: privateKey },
      env: BUILD_HERE,
    });
    expectSuccess(run);
    const failure = Failure.parse(JSON.parse(readCatalogFile(rehearsal, 'failures/fails-compile/')));
    expect(failure, failure.log.join('\n')).toMatchObject({
      kind: 'compile',
      phase: 'build',
      target: TARGET,
    });
    // What a build prints to Actions stays text in a log.
    expect(failure.log.join('\n')).toContain('::set-output name=plan::evil');
    const listed = rehearsal.git('ls-tree', '-r', '--name-only', 'main', 'site/content/builds').trim();
    expect(MonthlyStats.parse(JSON.parse(readCatalogFile(rehearsal, 'stats/')))).toMatchObject({
      builds: listed.split('\n').length,
      failures: 1,
    });
    const tool = Build.parse(JSON.parse(readCatalogFile(rehearsal, 'builds/trial-tool/')));
    expect(await installFromSite(rehearsal.siteUrl, tool.hash, 'trial-tool', true)).toBe('tool');
  },
);
