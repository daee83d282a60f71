import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Build } from '../../site/schemas/build.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { MonthlyStats } from '../../site/schemas/monthly-stats.ts';
import { makeKey } from '../../scripts/signing/key.ts';
import { cloneRepository, commitFiles, git } from '../world/git.ts';
import { guide, quotedTexts } from '../world/guide-page.ts';
import { runScript } from '../world/run.ts';
import { findSolvers, SOLVER_ADVICE } from '../world/spack.ts';
import { installFromSite } from './install-from-site.ts';
import { openRehearsal, type Rehearsal } from './rehearsal.ts';
import {
  ANOTHER_TARGET,
  BUILD_HERE,
  expectExplained,
  expectSuccess,
  readCatalogFile,
  RECIPES,
  SETTINGS,
  TARGET,
} from './setting.ts';

const isFull = process.env['FULL'] === '1';
const hasSpack = findSolvers().length > 0;
let rehearsal: Rehearsal;

beforeAll(async () => {
  if (!hasSpack) return;
  // Many owners have upper case letters, which registries do not accept.
  rehearsal = await openRehearsal({ repository: 'Some-Owner/Cache', settings: SETTINGS });
});

afterAll(() => rehearsal?.close());

test.skipIf(hasSpack)(`no real Spack to build with: ${SOLVER_ADVICE}`, (context) => {
  context.skip();
});

test.runIf(hasSpack)(
  'three clicks: one spec, no variable and no key, gets built, published, deployed and installed',
  async () => {
    const run = await rehearsal.run('manual', {
      name: 'workflow_dispatch',
      inputs: { specs: 'trial-app', own: RECIPES, deploy: true },
      env: BUILD_HERE,
    });
    expectSuccess(run);
    expectExplained(run);
    // The guide quotes it, with other names and another number of files.
    for (const quote of quotedTexts()) {
      const own = quote.toLowerCase().replaceAll('lab-cache', 'cache').replaceAll('owner', 'some-owner');
      const parts = own.split(/\d+ files/).map((part) => RegExp.escape(part));
      expect(run.output.toLowerCase()).toMatch(new RegExp(parts.join('\\d+ files')));
    }
    const [, most] = /a run makes fewer than (\d+)/.exec(guide('limits')) ?? [];
    const requests = rehearsal.api.requests.filter((request) => !request.includes('/graphql'));
    expect(requests.length, requests.join('\n')).toBeLessThan(Number(most));
    const app = Build.parse(JSON.parse(readCatalogFile(rehearsal, 'builds/trial-app/')));
    expect(app.origin.run).toBe('https://github.com/Some-Owner/Cache/actions/runs/1001');
    expect(app.origin.runner).toBe('ubuntu-24.04');
    expect(rehearsal.git('log', '--format=%an', '-1', 'main').trim()).toBe('GitHub');
    expect(readFileSync(join(rehearsal.folder, 'attested.txt'), 'utf8')).toContain(
      `${app.tarball.digest.slice('sha256:'.length)}  ${app.image.tag}.tar.gz`,
    );
    // The recorded settings for consumers contain the site's address.
    const listed = rehearsal.git('ls-tree', '-r', '--name-only', 'main', 'site/content/mirrors').trim();
    const settings = listed.split('\n').map((path) => rehearsal.git('show', `main:${path}`));
    expect(settings.join()).toContain(rehearsal.siteUrl);

    expect(await installFromSite(rehearsal, app.hash, 'trial-app', false)).toBe('1.2 hello');
  },
);

test.runIf(hasSpack && isFull)('the same run again builds nothing and commits nothing', async () => {
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
    // "Sign existing builds" in the guide: Spack refuses builds published without a key.
    const work = join(rehearsal.folder, 'sign');
    cloneRepository(join(rehearsal.folder, 'origin.git'), work);
    await runScript('sign', ['--catalog', join(work, 'site/content')], { SIGNING_KEY: privateKey });
    commitFiles(work);
    git(work, 'push', '--quiet');
    const run = await rehearsal.run('manual', {
      name: 'workflow_dispatch',
      inputs: { specs: 'trial-script fails-compile trial-app+loud', own: RECIPES, deploy: true },
      secrets: { SIGNING_KEY: privateKey },
      env: BUILD_HERE,
    });
    expectSuccess(run);
    const failure = Failure.parse(JSON.parse(readCatalogFile(rehearsal, 'failures/fails-compile/')));
    expect(failure).toMatchObject({ kind: 'compile', phase: 'build', target: TARGET });
    // Workflow commands in a build's output stay text in a log.
    expect(failure.log.join('\n')).toContain('::set-output name=plan::evil');
    const listed = rehearsal.git('ls-tree', '-r', '--name-only', 'main', 'site/content/builds').trim();
    expect(MonthlyStats.parse(JSON.parse(readCatalogFile(rehearsal, 'stats/')))).toMatchObject({
      builds: listed.split('\n').length,
      failures: 1,
    });
    const script = Build.parse(JSON.parse(readCatalogFile(rehearsal, 'builds/trial-script/')));
    const said = await installFromSite(rehearsal, script.hash, 'trial-script', true);
    expect(said).toMatch(/^read .*trial-script with 1 arguments$/);
  },
);

test.runIf(hasSpack && isFull)(
  'an environment that is pushed is built for two targets, each with its registry; two runs deploy, each its own commit',
  async () => {
    const targets = `  - { name: ${TARGET}, runner: ubuntu-24.04 }
  - { name: ${ANOTHER_TARGET}, runner: ubuntu-24.04, registry: ghcr.io/some-owner/another }\n`;
    rehearsal.push({
      '.github/build-cache.yaml': `targets:\n${targets}`,
      'site/content/environments/stack.yaml': 'spack:\n  specs: [trial-app@1.1]\n',
    });
    // A second deployment of the same commit would be accepted but not served.
    rehearsal.pages.mode = 'same commit';
    const vars = { OWN_PACKAGES: RECIPES };
    expectSuccess(await rehearsal.run('deploy', { name: 'push', vars, env: BUILD_HERE }));
    const run = await rehearsal.run('environment', { name: 'push', vars, env: BUILD_HERE });
    expectSuccess(run);
    const lock = rehearsal.git('show', 'main:site/content/environments/stack.lock.json');
    const { roots } = LockFile.parse(JSON.parse(lock));
    expect(roots).toHaveLength(2);
    const [first, second] = rehearsal.pages.deployments.slice(-2);
    expect(second).toMatchObject({ status: 'succeed', isServed: true });
    expect(second?.id).not.toBe(first?.id);
    const page = await (await rehearsal.fetch(`${rehearsal.siteUrl}/environments/stack/`)).text();
    for (const { hash } of roots) expect(page).toContain(hash);
    const listed = await rehearsal.fetch(`${rehearsal.siteUrl}/api/targets.json`);
    expect(await listed.text()).toContain(ANOTHER_TARGET);
    await expectBothRegistries(roots.map(({ hash }) => hash));
  },
);

/**
 * Expects each registry to have the builds of its targets and an index, and the site to serve those of both.
 */
async function expectBothRegistries(roots: string[]): Promise<void> {
  const paths = rehearsal
    .git('ls-tree', '-r', '--name-only', 'main', 'site/content/builds')
    .trim()
    .split('\n');
  const builds = paths.map((path) => Build.parse(JSON.parse(rehearsal.git('show', `main:${path}`))));
  const registries = { [TARGET]: 'some-owner/cache', [ANOTHER_TARGET]: 'some-owner/another' };
  for (const [target, registry] of Object.entries(registries)) {
    const own = builds.filter(({ origin }) => origin.target === target);
    expect(own.filter(({ hash }) => roots.includes(hash))).toHaveLength(1);
    const tags = (await rehearsal.ghcr.versions(registry)).flatMap((version) => version.tags);
    expect(tags.sort()).toEqual(['index.spack', ...own.map(({ image }) => image.tag)].sort());
  }
  for (const hash of roots)
    expect(await installFromSite(rehearsal, hash, 'trial-app', false)).toBe('1.1 hello');
}

test.runIf(hasSpack && isFull)(
  'Pages off, an environment pushed, then Pages on and the first run again: the site appears with both',
  async () => {
    const late = await openRehearsal({ repository: 'Some-Owner/Late', settings: SETTINGS });
    try {
      late.pages.isOn = false;
      const event = {
        name: 'workflow_dispatch' as const,
        inputs: { specs: 'trial-base', own: RECIPES, deploy: true },
        env: BUILD_HERE,
      };
      const first = await late.run('manual', event);
      expectSuccess(first);
      expect(first.output).toMatch(/GitHub Pages is switched off: .*settings\/pages/);
      expectExplained(first);

      late.push({ 'site/content/environments/stack.yaml': 'spack:\n  specs: [trial-base]\n' });
      const push = { name: 'push' as const, vars: { OWN_PACKAGES: RECIPES }, env: BUILD_HERE };
      expectSuccess(await late.run('deploy', push));
      const pushed = await late.run('environment', push);
      expectSuccess(pushed);
      expect(pushed.output).toMatch(/GitHub Pages is switched off: .*settings\/pages/);
      expect(pushed.output).toMatch(/Publish.*Job succeeded/);
      expect(late.pages.deployments).toEqual([]);
      late.pages.isOn = true;
      // The second attempt of the same run.
      const again = await late.run('manual', { ...event, attempt: { run: '1001', number: 2 } });
      expectSuccess(again);
      expect(again.output).toMatch(/0 builds planned/);
      const { hash } = Build.parse(JSON.parse(readCatalogFile(late, 'builds/trial-base/')));
      const manifest = `v3/manifests/spec/trial-base/trial-base-1.0-${hash}.spec.manifest.json`;
      expect((await late.fetch(`${late.siteUrl}/${manifest}`)).status).toBe(200);
      const page = await late.fetch(`${late.siteUrl}/environments/stack/`);
      expect(await page.text()).toContain(hash);
    } finally {
      await late.close();
    }
  },
);

/**
 * A recipe during whose build a template update is merged, which changes the steps of Publish and removes a
 * script.
 */
const MEANWHILE = `
import os
import subprocess
from spack_repo.builtin.build_systems.generic import Package
from spack.package import *


class Meanwhile(Package):
    """Takes long."""

    has_code = False
    version("1.0")

    def install(self, spec, prefix):
        mkdirp(prefix.bin)
        touch(prefix.bin.join("meanwhile"))
        pid = os.getpid()
        while pid > 1:
            with open("/proc/%d/environ" % pid, "rb") as f:
                text = f.read().decode("utf-8", "replace")
            found = dict(line.split("=", 1) for line in text.split("\\0") if "=" in line)
            if "REHEARSAL" in found:
                break
            with open("/proc/%d/stat" % pid) as f:
                pid = int(f.read().rsplit(")", 1)[1].split()[1])
        subprocess.check_call(["sh", os.path.join(found["REHEARSAL"], "merge.sh")])
`;

test.runIf(hasSpack && isFull)(
  'a template update merged during a run: the run ends with its original scripts',
  async () => {
    const { folder } = rehearsal;
    rehearsal.push({ [`${RECIPES}/spack_repo/trial/packages/meanwhile/package.py`]: MEANWHILE });
    const commands = [
      `git clone -q ${folder}/origin.git ${folder}/update`,
      `cd ${folder}/update`,
      'git rm -q scripts/take-catalog.ts scripts/hand-on.ts',
      'echo "throw new Error(1);" > scripts/receive.ts',
      'git -c user.name=O -c user.email=o@example.org commit -qam "Update to the next release"',
      'git push -q origin HEAD:main',
    ];
    writeFileSync(join(folder, 'merge.sh'), `set -e\n${commands.join('\n')}\n`);
    const run = await rehearsal.run('manual', {
      name: 'workflow_dispatch',
      inputs: { specs: 'meanwhile', own: RECIPES, deploy: true },
      env: BUILD_HERE,
    });
    expectSuccess(run);
    expect(readCatalogFile(rehearsal, 'builds/meanwhile/')).toBeTruthy();
    expect(rehearsal.git('show', 'main:scripts/receive.ts')).toContain('throw');
    expect(rehearsal.pages.deployments.at(-1)).toMatchObject({ isServed: true });
  },
);
