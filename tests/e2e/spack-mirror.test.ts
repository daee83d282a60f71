import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { servePages, type PagesServer } from '../../scripts/start/pages-server.ts';
import { findS3Server, startS3Server } from '../world/s3-server.ts';
import { isAtLeast, openSpack, testedSpacks, type Spack, type SpackHome } from '../world/spack.ts';
import { readFixtureBuilds, readFixturePackages } from './fixture-builds.ts';
import { addMirror, expectInstalled, installBuilds, listBuilds, spack } from './installing.ts';
import { runScript } from '../world/run.ts';
import { BASE, FIXTURES, makeCache, type MadeCache } from './made-cache.ts';

/** First version of Spack that supports views. */
const VIEWS_SINCE = [1, 2];

const CACHE = join(FIXTURES, 'cache-unsigned');
const builds = readFixtureBuilds('cache-unsigned');
const packages = readFixturePackages('cache-unsigned');
const spacks = testedSpacks();
// Without Spack its tests are listed as skipped once.
const versions = spacks.length > 0 ? spacks : [{ program: '', version: '(not found)' }];

const isFull = process.env['FULL'] === '1';

/** Builds that a Spack lists in the cache that Spack itself wrote; read once per Spack. */
function listOriginal(version: Spack): Promise<string[]> {
  const listed = originals.get(version.program) ?? askOriginal(version);
  originals.set(version.program, listed);
  return listed;
}

const originals = new Map<string, Promise<string[]>>();

async function askOriginal(version: Spack): Promise<string[]> {
  const home = await openSpack(version, packages);
  try {
    await addMirror(home, 'original', `file://${CACHE}`, false);
    return await listBuilds(home);
  } finally {
    await home.close();
  }
}

// The signed mirror is tested completely; for the unsigned one a sample shows that Spack needs no key.
describe.each([
  { name: 'signed', signed: true },
  { name: 'unsigned', signed: false },
])('a $name mirror', ({ signed }) => {
  let made: MadeCache;
  let server: PagesServer;

  beforeAll(async () => {
    made = await makeCache({ cache: CACHE, signed, pages: signed });
    server = await servePages({ root: made.dist, base: BASE, port: 0 });
  });

  afterAll(async () => {
    await server?.close();
    await made?.close();
  });

  describe.each(versions)('Spack $version', (version) => {
    const it = test.skipIf(spacks.length === 0);
    let home: SpackHome;

    beforeAll(async () => {
      if (spacks.length > 0) home = await openSpack(version, packages);
    });

    afterAll(async () => {
      if (spacks.length > 0) await home.close();
    });

    it('lists every build like the cache that Spack itself wrote', async () => {
      const wanted = await listOriginal(version);
      await addMirror(home, 'made', server.url, signed);
      expect(await listBuilds(home)).toEqual(wanted);
      expect(wanted.length).toBeGreaterThanOrEqual(builds.length);
    });

    if (signed)
      it('refuses builds until their key is trusted', async () => {
        const { code, output } = await home.run([
          'install',
          '--use-buildcache',
          'only',
          `/${builds[0]?.hash}`,
        ]);
        expect(code, output).not.toBe(0);
      });

    if (signed)
      it('trusts the keys of the mirror', async () => {
        await spack(home, ['buildcache', 'keys', '--install', '--trust']);
        expect(await spack(home, ['gpg', 'list', '--trusted'])).toMatch(/Spack build cache/);
      });

    const wanted = signed || isFull ? builds : builds.filter(({ name }) => name === 'tree');
    it(`installs ${wanted.length} of ${builds.length} builds and their programs run`, async () => {
      const output = await installBuilds(home, wanted);
      if (signed) expect(output).toMatch(/Good signature/);
      await expectInstalled(home, wanted);
    });

    if (signed)
      it('installs from a copy without a network, and verifies its signatures', async () => {
        const to = join(made.folder, `copy-${version.version}`);
        await runScript('copy', ['--view', 'target-x86_64_v3', '--to', to, '--from', server.url]);
        const program = join(made.folder, 'spack-without-network');
        await writeFile(
          program,
          `#!/bin/sh\nexec unshare --map-current-user --net '${version.program}' "$@"\n`,
          { mode: 0o755 },
        );
        const offline = await openSpack({ ...version, program }, packages);
        onTestFinished(offline.close);
        await addMirror(offline, 'copy', `file://${to}`, true);
        const wanted = builds.filter(({ target }) => target === 'x86_64_v3');
        const refused = await offline.run(['install', '--use-buildcache', 'only', `/${wanted[0]?.hash}`]);
        expect(refused.code, refused.output).not.toBe(0);
        await spack(offline, ['buildcache', 'keys', '--install', '--trust']);
        expect(await installBuilds(offline, wanted)).toMatch(/Good signature/);
        await expectInstalled(offline, wanted);
      });

    if (signed)
      (findS3Server() ? it : it.skip)('installs from an S3 bucket that sync has filled', async () => {
        const server = await startS3Server();
        onTestFinished(server.stop);
        const { accessKeyId, secretAccessKey, region, endpoint } = server.account;
        await runScript('sync', ['--from', made.dist, '--to', `s3://${server.bucket}`], {
          AWS_ACCESS_KEY_ID: accessKeyId,
          AWS_SECRET_ACCESS_KEY: secretAccessKey,
          AWS_REGION: region,
          AWS_ENDPOINT_URL: endpoint,
        });
        const client = await openSpack(version, packages);
        onTestFinished(client.close);
        await addMirror(client, 'bucket', server.url, true);
        await spack(client, ['buildcache', 'keys', '--install', '--trust']);
        const tree = builds.filter(({ name }) => name === 'tree');
        expect(await installBuilds(client, tree)).toMatch(/Good signature/);
        await expectInstalled(client, tree);
      });

    if (isAtLeast(version.version, VIEWS_SINCE) && (signed || isFull))
      it('uses a view as a separate cache', async () => {
        const view = await openSpack(version, packages);
        onTestFinished(view.close);
        const added = ['mirror', 'add', '--type', 'binary', '--name', 'target-x86_64_v3'];
        await spack(view, [...added, ...(signed ? [] : ['--unsigned']), 'made', server.url]);
        if (signed) await spack(view, ['buildcache', 'keys', '--install', '--trust']);
        const rows = await listBuilds(view);
        const wanted = builds.filter(({ target }) => target === 'x86_64_v3');
        for (const { hash } of wanted) expect(rows.filter((row) => row.includes(hash))).toHaveLength(1);
        for (const { hash, target } of builds) {
          if (target !== 'x86_64_v3') expect(rows.filter((row) => row.includes(hash))).toEqual([]);
        }
        const tree = wanted.filter(({ name }) => name === 'tree');
        await installBuilds(view, tree);
        await expectInstalled(view, tree);
      });
  });
});
