import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readCatalog } from '../../scripts/catalog/catalog.ts';
import { servePages, type PagesServer } from '../../scripts/start/pages-server.ts';
import { startRegistry, type TestRegistry } from '../world/registry.ts';
import { isAtLeast, openSpack, testedSpacks } from '../world/spack.ts';
import { findProgram } from '../tools/path.ts';
import { readFixtureBuilds, readFixturePackages } from './fixture-builds.ts';
import { addMirror, expectInstalled, installBuilds, listBuilds, spack } from './installing.ts';
import { BASE, FIXTURES, makeCache, type MadeCache } from './made-cache.ts';
import { runScript } from '../world/run.ts';

/** Number of concurrent processes, as on a busy cluster; a few are enough to find conflicts. */
const PROCESSES = process.env['FULL'] ? 20 : 3;
/** Time limit; they take a minute on two idle cores. */
const PROCESSES_TIMEOUT_MS = 600_000;
/** First version of Spack that supports `oci+http://`. */
const PLAIN_HTTP_SINCE = [1, 1];
const CACHE = join(FIXTURES, 'cache-unsigned');
const builds = readFixtureBuilds('cache-unsigned');
const packages = readFixturePackages('cache-unsigned');
const tree = builds.filter(({ name }) => name === 'tree');
const spacks = testedSpacks();
const hasTools = ['docker-registry', 'oras', 'gpg'].every(findProgram);

describe.skipIf(spacks.length === 0 || !hasTools)(
  'a signed mirror that lacks a tarball, and a registry',
  () => {
    let tls: TestRegistry;
    let plain: TestRegistry;
    let made: MadeCache;
    let site: PagesServer;
    let trust: Record<string, string>;

    beforeAll(async () => {
      tls = await startRegistry({ tls: true });
      plain = await startRegistry();
      trust = { SSL_CERT_FILE: tls.certificate ?? '', NODE_EXTRA_CA_CERTS: tls.certificate ?? '' };
      const path = BASE.slice(1);
      const registry = `${tls.host}/${path}`;
      made = await makeCache({ cache: CACHE, signed: true, pages: false, registry, env: trust });
      await runScript('publish', [
        CACHE,
        '--registry',
        `http://${plain.host}/${path}`,
        '--catalog',
        `${made.folder}/plain`,
      ]);
      await removeTarball(made, tree[0]?.hash ?? '');
      site = await servePages({ root: made.dist, base: BASE, port: 0 });
    });

    afterAll(async () => {
      await Promise.all([site, made].map((each) => each?.close()));
      await Promise.all([tls, plain].map((each) => each?.stop()));
    });

    describe.each(spacks)('Spack $version', (version) => {
      test('lists and installs every build from the registry alone, over TLS', async () => {
        const home = await openSpack(version, packages);
        onTestFinished(home.close);
        await addMirror(home, 'oci', `oci://localhost:${portOf(tls)}${BASE}`, false);
        const rows = await listBuilds(home, trust);
        for (const { hash } of builds) expect(rows.filter((row) => row.includes(hash))).toHaveLength(1);
        await installBuilds(home, builds, trust);
        await expectInstalled(home, builds);
      });

      const isPlain = isAtLeast(version.version, PLAIN_HTTP_SINCE);
      test(`takes the missing tarball from the registry, over ${isPlain ? 'plain HTTP' : 'TLS'}`, async () => {
        const home = await openSpack(version, packages);
        onTestFinished(home.close);
        const registry = isPlain ? `oci+http://${plain.host}` : `oci://localhost:${portOf(tls)}`;
        await addMirror(home, 'site', site.url, true);
        await addMirror(home, 'oci', `${registry}${BASE}`, false);
        await spack(home, ['buildcache', 'keys', '--install', '--trust'], trust);
        await installBuilds(home, tree, trust);
        await expectInstalled(home, tree);
      });
    });

    test(
      `serves ${PROCESSES} concurrent processes with both mirrors`,
      async () => {
        const [newest] = spacks;
        if (!newest) return;
        const homes = await pMap(Array.from({ length: PROCESSES }), () => openSpack(newest, packages), {
          concurrency: 2,
        });
        onTestFinished(async () => void (await Promise.all(homes.map((home) => home.close()))));
        const [first, ...others] = homes;
        if (!first) return;
        const env = { ...trust, SPACK_GNUPGHOME: first.keys };
        await addMirror(first, 'site', site.url, true);
        await addMirror(first, 'oci', `oci://localhost:${portOf(tls)}${BASE}`, false);
        await spack(first, ['buildcache', 'keys', '--install', '--trust'], env);
        const mirrors = join(first.config, 'mirrors.yaml');
        for (const { config } of others) await copyFile(mirrors, join(config, 'mirrors.yaml'));
        await Promise.all(homes.map((home) => installBuilds(home, tree, env)));
        for (const home of homes) await expectInstalled(home, tree);
      },
      PROCESSES_TIMEOUT_MS,
    );
  },
);

/** Removes a build's tarball from the site, as a budget would. */
async function removeTarball(made: MadeCache, hash: string): Promise<void> {
  const build = [...readCatalog(made.catalog).builds.values()].find((each) => each.hash === hash);
  const digest = build?.tarball.digest.replace('sha256:', '') ?? '';
  await rm(join(made.dist, 'blobs/sha256', digest.slice(0, 2), digest));
}

function portOf({ host }: TestRegistry): string {
  return new URL(`http://${host}`).port;
}
