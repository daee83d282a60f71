import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readCatalog } from '../../scripts/catalog/catalog.ts';
import { planMirror } from '../../site/lib/mirror/plan.ts';
import { ViewList } from '../../site/schemas/api/view-list.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import type { Build } from '../../site/schemas/build.ts';
import { startFaultyProxy, type FaultyProxy } from '../world/faulty-proxy.ts';
import { startRegistry, type TestRegistry } from '../world/registry.ts';
import { isAtLeast, openSpack, testedSpacks, type SpackHome } from '../world/spack.ts';
import { findProgram } from '../tools/path.ts';
import { openApiSite, redeploy, type ApiSite } from './api-site.ts';
import { readFixtureBuilds, listFixturePackages } from './fixture-builds.ts';
import { expectInstalled, installBuilds, listBuilds, spack } from './installing.ts';
import { BASE, FIXTURES } from './made-cache.ts';

/** First version of Spack that supports views. */
const VIEWS_SINCE = [1, 2];
/** Bytes that the site may take beyond its pages: room for a part of the sample cache. */
const ROOM_BYTES = 3_500_000;

const builds = readFixtureBuilds('cache-unsigned');
const packages = listFixturePackages('cache-unsigned');
const spacks = testedSpacks();
const hasTools = ['docker-registry', 'oras', 'gpg'].every(findProgram);

// Each Spack version installs everything twice, which takes half a minute.
const isFull = process.env['FULL'] === '1';

describe.skipIf(!isFull || spacks.length === 0 || !hasTools)('the settings for both mirrors', () => {
  let registry: TestRegistry;
  let trust: Record<string, string>;
  let site: ApiSite;
  /** Proxy between Spack and the HTTPS mirror, to see the requests. */
  let proxy: FaultyProxy;
  let url: string;
  let settings: ViewList['settings'];
  let records: Build[];
  /** Hashes of the builds on the HTTPS mirror. */
  let onSite: Set<string>;

  beforeAll(async () => {
    registry = await startRegistry({ tls: true });
    trust = { SSL_CERT_FILE: registry.certificate ?? '', NODE_EXTRA_CA_CERTS: registry.certificate ?? '' };
    const path = `${registry.host}${BASE}`;
    site = await openApiSite(join(FIXTURES, 'cache-unsigned'), { registry: path, env: trust });
    const catalog = readCatalog(site.catalog);
    records = [...catalog.builds.values()];
    const input = { ...catalog, builds: records };
    const budget = planMirror(input, 0).bytes.total + ROOM_BYTES;
    onSite = planMirror(input, budget).served;
    proxy = await startFaultyProxy(new URL(site.url).host, () => false);
    url = `http://${proxy.host}${BASE}`;
    await redeploy({ ...site, env: { ...trust, PAGES_BUDGET: String(budget) } }, url, {});
    ({ settings } = ViewList.parse(await (await fetch(`${url}/api/views.json`)).json()));
  });

  afterAll(async () => {
    await proxy?.stop();
    await site?.close();
    await registry?.stop();
  });

  function settingsNamed(name: string): ViewList['settings'][number] {
    const found = settings.find((each) => each.name === name);
    if (!found) throw new Error(`expected settings named ${name}`);
    return found;
  }

  function tarballOf(hash: string): string {
    return mirrorBlobPath(records.find((build) => build.hash === hash)?.tarball.digest ?? '');
  }

  /**
   * Lists all builds once each. Installs the builds on the site from there, with checked signatures, then the
   * builds that only the registry has.
   */
  async function expectBothMirrors(home: SpackHome): Promise<void> {
    const names = (await spack(home, ['mirror', 'list'], trust)).split('\n').filter(Boolean);
    // The last mirror is Spack's own mirror of sources.
    expect(names.slice(0, 2).map((line) => line.replace(/^.*?(https?:|oci:)/, '$1').trim())).toEqual([
      url,
      `oci://${registry.host}${BASE}`,
    ]);
    const rows = await listBuilds(home, trust);
    for (const { hash } of builds) expect(rows.filter((row) => row.includes(hash))).toHaveLength(1);
    await spack(home, ['buildcache', 'keys', '--install', '--trust'], trust);
    const near = builds.filter(({ hash }) => onSite.has(hash));
    const far = builds.filter(({ hash }) => !onSite.has(hash));
    expect(Math.min(near.length, far.length)).toBeGreaterThan(0);
    proxy.seen.length = 0;
    const output = await installBuilds(home, near, trust);
    expect(output.match(/Good signature/g)?.length).toBeGreaterThanOrEqual(near.length);
    const asked = new Set(proxy.seen.map(({ line }) => line));
    for (const { hash } of near) expect(asked).toContain(`GET ${BASE}/${tarballOf(hash)}`);
    await installBuilds(home, far, trust);
    await expectInstalled(home, builds);
  }

  describe.each(spacks)('Spack $version', (version) => {
    const hasViews = isAtLeast(version.version, VIEWS_SINCE);
    const name = hasViews ? 'both' : 'both-without-view';

    test('downloaded: HTTPS first', async () => {
      const home = await openSpack(version, packages);
      onTestFinished(home.close);
      const file = await fetch(settingsNamed(name).settings);
      const text = await file.text();
      expect(text).toMatch(/^#.*BINARIES MAY THEN COME UNSIGNED/m);
      await home.configure('mirrors.yaml', text);
      await expectBothMirrors(home);
    });

    test('included by its sha256: the same order', async () => {
      const home = await openSpack(version, packages);
      onTestFinished(home.close);
      await home.configure('include.yaml', JSON.stringify({ include: [settingsNamed(name).include] }));
      await expectBothMirrors(home);
    });
  });
});
