import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCatalog } from '../../scripts/catalog/catalog.ts';
import { INDEX_TAG } from '../../scripts/oci/image.ts';
import { servePages, type PagesServer } from '../../scripts/start/pages-server.ts';
import { composeLock } from '../../scripts/waves/part-folder.ts';
import { walk } from '../../site/lib/spack/dag.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { MirrorManifest } from '../../site/schemas/mirror-manifest.ts';
import { hashesOf } from '../../site/schemas/node.ts';
import { findProgram } from '../tools/path.ts';
import { startRegistry, type TestRegistry } from '../world/registry.ts';
import { runScript } from '../world/run.ts';
import { openSpack, testedSpacks, type SpackHome } from '../world/spack.ts';
import { readFixtureBuilds, readFixturePackages } from './fixture-builds.ts';
import { addMirror, expectInstalled, installBuilds, listBuilds, spack } from './installing.ts';
import { BASE, FIXTURES, makeCache, type MadeCache } from './made-cache.ts';

/** Clients that know a cache from before a prune, and install during the grace period. */

const CACHE = join(FIXTURES, 'cache-unsigned');
const tree = readFixtureBuilds('cache-unsigned')
  .filter(({ name }) => name === 'tree')
  .slice(0, 1);
const packages = readFixturePackages('cache-unsigned');
const hasTools = ['docker-registry', 'oras', 'gpg'].every(findProgram);
const DAY_S = 86_400;
const PUBLISHED_S = 1_763_900_000;
/** State of a client: a lock, with the new index; or the old index, still cached on the way. */
const CLIENTS = ['lock', 'index'] as const;

const spacks = testedSpacks();
// Cases with the old index come last, since it is put back for them.
const cases = CLIENTS.flatMap((has) =>
  (['mirror', 'registry'] as const).flatMap((source) => spacks.map((version) => ({ source, version, has }))),
);

describe.skipIf(spacks.length === 0 || !hasTools)('a cache whose builds were all pruned', () => {
  let registry: TestRegistry;
  let trust: Record<string, string>;
  let made: MadeCache;
  let site: PagesServer;
  const homes = new Map<(typeof cases)[number], SpackHome>();

  /** The registry's earlier index, in its store. */
  let tag: string;
  const tagFile = () => join(registry.repositories, BASE, '_manifests/tags', INDEX_TAG, 'current/link');

  const putIndexBack = async () => {
    const manifest = 'v3/manifests/index/index.manifest.json';
    const text = await readFile(join(made.folder, 'before', manifest), 'utf8');
    const blob = mirrorBlobPath(`sha256:${MirrorManifest.parse(JSON.parse(text)).data[0]?.checksum}`);
    for (const path of [manifest, blob])
      await cp(join(made.folder, 'before', path), join(made.dist, path), { recursive: true });
    await writeFile(tagFile(), tag);
  };

  const run = (verb: string, args: string[], days: number) =>
    runScript(
      verb,
      [...args, '--catalog', made.catalog, '--registry', `${registry.host}${BASE}`],
      { SOURCE_DATE_EPOCH: String(PUBLISHED_S + days * DAY_S), ...trust },
      made.folder,
    );

  beforeAll(async () => {
    registry = await startRegistry({ tls: true });
    trust = { SSL_CERT_FILE: registry.certificate ?? '', NODE_EXTRA_CA_CERTS: registry.certificate ?? '' };
    const env = { SOURCE_DATE_EPOCH: String(PUBLISHED_S), ...trust };
    made = await makeCache({
      ...{ cache: CACHE, signed: true, pages: false, env },
      registry: `${registry.host}${BASE}`,
    });
    site = await servePages({ root: made.dist, base: BASE, port: 0 });
    const lock = join(made.folder, 'spack.lock');
    await writeFile(lock, lockOf(made.catalog));
    for (const each of cases) {
      const home = await openSpack(each.version, packages);
      homes.set(each, home);
      if (each.source === 'mirror') {
        await addMirror(home, 'cache', site.url, true);
        await spack(home, ['buildcache', 'keys', '--install', '--trust']);
      } else await addMirror(home, 'cache', `oci://localhost:${new URL(registry.url).port}${BASE}`, false);
      if (each.has === 'lock') {
        expect((await listBuilds(home, trust)).length).toBeGreaterThan(0);
        await spack(home, ['env', 'create', '-d', courseOf(home), lock]);
      }
    }
    await mkdir(join(made.folder, '.github'));
    await writeFile(join(made.folder, '.github/build-cache.yaml'), 'retention: {newest: 0}\n');
    tag = await readFile(tagFile(), 'utf8');
    await cp(made.dist, join(made.folder, 'before'), { recursive: true });
    await run('prune', ['--apply'], 400);
    expect(readCatalog(made.catalog).builds.size).toBe(0);
    await rm(made.dist, { recursive: true });
    await mkdir(made.dist);
    await writeFile(join(made.dist, 'index.html'), '');
    await run('mirror', ['--dist', made.dist], 400);
  });

  afterAll(async () => {
    for (const home of homes.values()) await home.close();
    await site?.close();
    await made?.close();
    await registry?.stop();
  });

  test.each(cases)('$version.version installs from the $source with the $has of last week', async (each) => {
    const home = homes.get(each);
    if (!home) throw new Error('expected a client');
    if (each.has === 'lock') {
      expect(await listBuilds(home, trust)).toEqual([]);
      await spack(home, ['-e', courseOf(home), 'install', '--use-buildcache', 'only'], trust);
    } else {
      await putIndexBack();
      await installBuilds(home, tree, trust);
    }
    await expectInstalled(home, tree);
  });
});

/** Path of the client's own environment. */
function courseOf({ config }: SpackHome): string {
  return join(config, '../course');
}

/** A lock with tree as its root, from a client of last week. */
function lockOf(catalog: string): string {
  const { nodes } = readCatalog(catalog);
  const roots = tree.map(({ hash }) => ({ hash, spec: 'tree' }));
  const needed = walk(
    roots.map(({ hash }) => hash),
    (hash) => hashesOf(nodes.get(hash)?.node),
  );
  const meta = { 'file-type': 'spack-lockfile', 'lockfile-version': 6, 'specfile-version': 5 };
  const texts = new Map([...nodes].map(([hash, { text }]) => [hash, text]));
  return composeLock(JSON.stringify({ _meta: meta }), roots, needed, texts);
}
