import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { servePages } from '../../scripts/start/pages-server.ts';
import { ViewList } from '../../site/schemas/api/view-list.ts';
import { startFaultyProxy, type FaultyProxy } from '../world/faulty-proxy.ts';
import { isAtLeast, openSpack, testedSpacks, type SpackHome } from '../world/spack.ts';
import { openApiSite, redeploy, type ApiSite } from './api-site.ts';
import { listFixturePackages, readFixtureBuilds } from './fixture-builds.ts';
import { expectInstalled, installBuilds, listBuilds, spack } from './installing.ts';
import { BASE, FIXTURES } from './made-cache.ts';

/** First version of Spack that supports views. */
const VIEWS_SINCE = [1, 2];

const builds = readFixtureBuilds('cache-unsigned');
const tree = builds.filter(({ name }) => name === 'tree');
const packages = listFixturePackages('cache-unsigned');
const spacks = testedSpacks();
// Without Spack its tests are listed as skipped once.
const versions = spacks.length > 0 ? spacks : [{ program: '', version: '(not found)' }];

let site: ApiSite;
let views: ViewList;
/** The site's later address, after its move. */
let movedTo: string | undefined;

beforeAll(async () => {
  // GitHub redirects from a site's first address to its later domain.
  const front = (host: string): Promise<FaultyProxy> =>
    startFaultyProxy(host, ({ url = '' }, response) => {
      if (movedTo !== undefined)
        response.writeHead(301, { location: movedTo + url.slice(BASE.length) }).end();
      return movedTo !== undefined;
    });
  site = await openApiSite(join(FIXTURES, 'cache-unsigned'), { front });
  views = ViewList.parse(await (await fetch(`${site.url}/api/views.json`)).json());
});

afterAll(async () => {
  await site?.close();
});

async function download(url: string): Promise<string> {
  const response = await fetch(url);
  expect(response.status, url).toBe(200);
  return response.text();
}

/** Trusts the keys and installs one build with a checked signature. */
async function expectInstallable(home: SpackHome): Promise<void> {
  await spack(home, ['buildcache', 'keys', '--install', '--trust']);
  expect(await installBuilds(home, tree)).toMatch(/Good signature/);
  await expectInstalled(home, tree);
}

describe.each(versions)('Spack $version', (version) => {
  const itIf = (condition: boolean): typeof test.skip => test.skipIf(spacks.length === 0 || !condition);
  /** Total number of builds that `buildcache list` shows. */
  let everything: number;

  itIf(true)('accepts the downloaded file as a separate configuration', async () => {
    const home = await openSpack(version, packages);
    await home.configure('mirrors.yaml', await download(`${site.url}/api/mirrors.yaml`));
    everything = (await listBuilds(home)).length;
    expect(everything).toBeGreaterThanOrEqual(builds.length);
    expect(await spack(home, ['mirror', 'list'])).toContain(site.url);
    await expectInstallable(home);
    await home.close();
  });

  itIf(true)('accepts a remote include, which Spack checks by its sha256', async () => {
    const home = await openSpack(version, packages);
    const include = views.settings.find(({ name }) => name === 'https')?.include;
    expect(include).toBeDefined();
    await home.configure('include.yaml', JSON.stringify({ include: [include] }));
    expect(await listBuilds(home)).toHaveLength(everything);
    // This is the same mirror as before.
    if (process.env['FULL']) await expectInstallable(home);
    await home.close();
  });

  itIf(true)(
    'accepts settings that make the solver prefer cached builds through the same kind of include',
    async () => {
      const home = await openSpack(version, packages);
      const include = views.settings.find(({ name }) => name === 'solver')?.include;
      expect(include).toBeDefined();
      await home.configure('include.yaml', JSON.stringify({ include: [include] }));
      expect(await spack(home, ['mirror', 'list'])).toContain(site.url);
      expect(await spack(home, ['config', 'get', 'concretizer'])).toContain('type: buildcache');
      await home.close();
    },
  );

  itIf(isAtLeast(version.version, VIEWS_SINCE))('accepts the settings of a view', async () => {
    const home = await openSpack(version, packages);
    const view = views.views.find(({ name }) => name === 'target-x86_64_v3');
    await home.configure('mirrors.yaml', await download(view?.settings ?? ''));
    const rows = await listBuilds(home);
    for (const { hash, target } of builds) {
      expect(rows.filter((row) => row.includes(hash))).toHaveLength(target === 'x86_64_v3' ? 1 : 0);
    }
    await home.close();
  });

  itIf(!isAtLeast(version.version, VIEWS_SINCE))(
    'refuses the settings of a view, as documented',
    async () => {
      const home = await openSpack(version, packages);
      await home.configure('mirrors.yaml', await download(views.views[0]?.settings ?? ''));
      const { code } = await home.run(['mirror', 'list']);
      expect(code).not.toBe(0);
      await home.close();
    },
  );
});

test.skipIf(spacks.length === 0)(
  'included settings still work after a deployment with another address, registry and no key',
  async () => {
    const moved = await servePages({ root: site.dist, base: '', port: 0 });
    onTestFinished(moved.close);
    const { url } = site;
    const before = await download(`${url}/api/mirrors.yaml`);
    const { settings } = views;
    const include = settings.find(({ name }) => name === 'https')?.include;

    await rm(join(site.catalog, 'keys'), { recursive: true });
    await writeFile(join(site.catalog, 'cache.json'), '{"registry":"registry.example.org/other/place"}\n');
    await redeploy(site, moved.url, {});
    movedTo = moved.url;
    expect(await download(`${moved.url}/api/mirrors.yaml`)).not.toBe(before);
    expect(await download(include?.path ?? '')).toBe(before);
    for (const version of spacks) {
      const home = await openSpack(version, packages);
      onTestFinished(home.close);
      await home.configure('include.yaml', JSON.stringify({ include: [include] }));
      expect(await spack(home, ['mirror', 'list'])).toContain(url);
      expect((await listBuilds(home)).length).toBeGreaterThanOrEqual(builds.length);
    }
  },
);
