import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readCatalog } from '../../scripts/catalog/catalog.ts';
import { servePages, type PagesServer } from '../../scripts/start/pages-server.ts';
import { IndexDocument } from '../../site/schemas/api/index-document.ts';
import { Health } from '../../site/schemas/checks/health.ts';
import type { Build } from '../../site/schemas/build.ts';
import { hexOf } from '../../site/schemas/digest.ts';
import { writeBuiltJob } from '../world/built-job.ts';
import { startRegistry, type TestRegistry } from '../world/registry.ts';
import { runScript, tryScript } from '../world/run.ts';
import { openSpack, testedSpacks } from '../world/spack.ts';
import { findProgram } from '../tools/path.ts';
import { readFixtureBuilds, readFixturePackages, type FixtureBuild } from './fixture-builds.ts';
import { addMirror, expectInstalled, installBuilds, listBuilds, spack } from './installing.ts';
import { BASE, buildDist, makeFolder } from './made-cache.ts';

const builds = readFixtureBuilds('cache-unsigned');
const packages = readFixturePackages('cache-unsigned');
const spacks = testedSpacks();
const hasTools = ['docker-registry', 'oras', 'gpg'].every(findProgram);
// Each of these tests takes a quarter of a minute per Spack version.
const isFull = process.env['FULL'] === '1';
/** Packages published after their target got its own registry, with dependencies published before. */
const LATER = ['libbsd', 'tree'];
const isGeneric = ({ target }: FixtureBuild): boolean => target === 'x86_64';
const isLater = ({ name }: FixtureBuild): boolean => LATER.includes(name);
const groups = {
  own: builds.filter((build) => !isGeneric(build) && !isLater(build)),
  generic: builds.filter(isGeneric),
  later: builds.filter(isLater),
};

describe.skipIf(spacks.length === 0 || !hasTools)('a cache with a registry for some targets', () => {
  let own: TestRegistry;
  let other: TestRegistry;
  let trust: Record<string, string>;
  let env: Record<string, string>;
  let folder: string;
  let site: PagesServer;
  /** References of all three repositories: the cache's own, and two on another host. */
  let names: { own: string; generic: string; later: string };

  beforeAll(async () => {
    own = await startRegistry({ tls: true });
    other = await startRegistry({ tls: true });
    folder = await makeFolder();
    const certificates = join(folder, 'certificates.pem');
    const texts = [own, other].map(({ certificate = '' }) => readFile(certificate, 'utf8'));
    await writeFile(certificates, (await Promise.all(texts)).join(''));
    trust = { SSL_CERT_FILE: certificates, NODE_EXTRA_CA_CERTS: certificates };
    names = {
      own: `${own.host}${BASE}`,
      generic: `${other.host}/group/generic`,
      later: `${own.host}/group/later`,
    };
    await mkdir(join(folder, 'dist'));
    site = await servePages({ root: join(folder, 'dist'), base: BASE, port: 0 });
    env = { ...trust, CATALOG_DIR: join(folder, 'catalog'), REGISTRY: names.own, SITE_URL: site.url };
    const keyFile = join(folder, 'key.asc');
    await runScript('key', ['--catalog', join(folder, 'catalog'), '--out', keyFile]);
    env['SIGNING_KEY'] = await readFile(keyFile, 'utf8');
    const first = [{ name: 'x86_64', runner: 'a', registry: names.generic }];
    await receive(groups.own, 'x86_64_v3', first);
    await receive(groups.generic, 'x86_64', first);
    await receive(groups.later, 'x86_64_v3', [{ name: 'x86_64_v3', runner: 'a', registry: names.later }]);
    await deploy();
  });

  afterAll(async () => {
    await site?.close();
    await Promise.all([own, other].map((each) => each?.stop()));
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  async function receive(kept: FixtureBuild[], target: string, targets: unknown[]): Promise<void> {
    const work = await mkdtemp(join(tmpdir(), 'job-'));
    const matrix = writeBuiltJob(
      work,
      kept.map(({ hash }) => hash),
      6,
      target,
    );
    const settings = join(work, 'settings.yaml');
    await writeFile(settings, JSON.stringify({ targets }));
    const places = [
      '--plans',
      join(work, 'plans'),
      '--artifacts',
      join(work, 'artifacts'),
      '--settings',
      settings,
    ];
    await runScript('receive', [...places, '--matrix', matrix], env);
    await rm(work, { recursive: true });
  }

  async function deploy(): Promise<void> {
    await runScript('record-settings', [], env);
    const made = {
      folder,
      catalog: join(folder, 'catalog'),
      dist: join(folder, 'dist'),
      registry: names.own,
    };
    await buildDist(made, env);
    await runScript('sign-index', ['--dist', made.dist], env);
  }

  function readBuilds(): Build[] {
    return [...readCatalog(join(folder, 'catalog')).builds.values()];
  }

  function buildsOf(group: FixtureBuild[]): Build[] {
    return readBuilds().filter(({ hash }) => group.some((build) => build.hash === hash));
  }

  /** Tags with Spack's ending, including the index, and layers of a repository in the registry's store. */
  function stored(kind: keyof typeof groups): { tags: string[]; layers: string[] } {
    const folders = {
      own: [own, BASE],
      generic: [other, '/group/generic'],
      later: [own, '/group/later'],
    } as const;
    const [server, path] = folders[kind];
    const tags = join(server.repositories, path, '_manifests/tags');
    return {
      tags: readdirSync(tags)
        .filter((tag) => existsSync(join(tags, tag, 'current/link')))
        .sort(),
      layers: readdirSync(join(server.repositories, path, '_layers/sha256')),
    };
  }

  async function examine(...args: string[]): Promise<Health> {
    const { stdout } = await tryScript(
      'doctor',
      ['--json', '--journal', join(folder, 'journal'), ...args],
      env,
    );
    return Health.parse(JSON.parse(stdout));
  }

  test('has each build in the registry of its target, with all layers of its image', () => {
    for (const kind of ['own', 'generic', 'later'] as const) {
      const members = buildsOf(groups[kind]);
      expect(members.map(({ image }) => image.registry)).toEqual(
        members.map(() => (kind === 'own' ? undefined : names[kind])),
      );
      const tags = members.map(({ image }) => image.tag);
      expect(stored(kind).tags).toEqual(['index.spack', ...tags].sort());
    }
    const libbsd = buildsOf(groups.later).find(({ name }) => name === 'libbsd');
    expect(libbsd?.image.runnable).toBe(true);
    const { layers } = stored('later');
    for (const { name, tarball } of [...buildsOf(groups.own), ...buildsOf(groups.later)])
      expect([name, layers.includes(hexOf(tarball.digest))]).toEqual([
        name,
        ['gcc-runtime', 'libmd', 'libbsd', 'tree'].includes(name),
      ]);
  });

  describe.each(spacks)('Spack $version', (version) => {
    test.runIf(isFull).each(['own', 'generic'] as const)(
      'lists and installs the builds of one registry: %s',
      async (kind) => {
        const home = await openSpack(version, packages);
        onTestFinished(home.close);
        await addMirror(home, 'oci', `oci://${names[kind]}`, false);
        expect(listed(await listBuilds(home, trust))).toEqual(hashes(groups[kind]));
        await installBuilds(home, groups[kind], trust);
        await expectInstalled(home, groups[kind]);
      },
    );

    test('lists and installs everything from all registries, added with the commands of the site', async () => {
      const home = await openSpack(version, packages);
      onTestFinished(home.close);
      const text = await readFile(join(folder, 'dist/use/index.html'), 'utf8');
      const lines = [...text.matchAll(/spack mirror add --type binary (\S+-registry\S*) (oci:[^\s<]+)/g)];
      const mirrors = new Map(lines.map(([, name = '', url = '']) => [name, url]));
      expect([...mirrors.values()].sort()).toEqual(
        Object.values(names)
          .map((name) => `oci://${name}`)
          .sort(),
      );
      for (const [name, url] of mirrors) await addMirror(home, name, url, false);
      expect(listed(await listBuilds(home, trust))).toEqual(hashes(builds));
      await installBuilds(home, builds, trust);
      await expectInstalled(home, builds);
    });

    test.runIf(isFull)('lists and installs everything from the site, signed', async () => {
      const home = await openSpack(version, packages);
      onTestFinished(home.close);
      await addMirror(home, 'site', site.url, true);
      await spack(home, ['buildcache', 'keys', '--install', '--trust']);
      expect(listed(await listBuilds(home))).toEqual(hashes(builds));
      await installBuilds(home, builds);
      await expectInstalled(home, builds);
    });
  });

  test('names the registry of a build on pages, in settings and in the API', async () => {
    const read = (path: string): Promise<string> => readFile(join(folder, 'dist', path), 'utf8');
    const [tree] = buildsOf(groups.later).filter(({ name }) => name === 'tree');
    const page = await read(`builds/tree/${tree?.hash}/index.html`);
    expect(page).toContain(`oras pull ${names.later}:${tree?.image.tag}`);
    expect(page).not.toContain(`${names.own}:`);
    const index = IndexDocument.parse(JSON.parse(await read('api/index.json')));
    expect(index.registry).toBe(names.own);
    expect([...(index.registries ?? [])].sort()).toEqual(Object.values(names).sort());
    const both = await read('api/mirrors/both.yaml');
    for (const name of Object.values(names)) expect(both).toContain(`"oci://${name}"`);
  });

  test('doctor reads every byte of each, and finds and repairs the problems of one', async () => {
    const { findings, problems } = await examine('--deep');
    expect(findings).toEqual([]);
    expect(problems).toBe(0);
    const { tags } = stored('generic');
    const place = join(other.repositories, 'group/generic/_manifests/tags');
    for (const tag of tags) await rm(join(place, tag), { recursive: true });
    const broken = await examine('--fix');
    expect(broken.findings.map(({ where }) => where).sort()).toEqual(
      tags.map((tag) => `${names.generic}:${tag}`),
    );
    expect(stored('generic').tags).toEqual(tags);
    expect((await examine()).findings).toEqual([]);
  });

  test('prune deletes old builds from each, and leaves an empty index in each', async () => {
    const work = await mkdtemp(join(tmpdir(), 'prune-'));
    onTestFinished(() => rm(work, { recursive: true }));
    await mkdir(join(work, '.github'));
    const retention = { days: 1, newest: 0, releases: 0, graceDays: 1 };
    await writeFile(join(work, '.github/build-cache.yaml'), JSON.stringify({ retention }));
    const at = (days: number) => ({
      ...env,
      SOURCE_DATE_EPOCH: String(Math.floor(Date.now() / 1000) + days * 86_400),
    });
    await runScript('prune', ['--apply'], at(10), work);
    await runScript('mirror', ['--dist', join(folder, 'dist'), '--blobs', join(folder, 'blobs')], env);
    expect(stored('generic').tags).toHaveLength(1 + groups.generic.length);
    await runScript('prune', ['--apply'], at(20), work);
    for (const kind of ['own', 'generic', 'later'] as const)
      expect(stored(kind).tags).toEqual(['index.spack']);
    expect((await examine('--site', '')).findings).toEqual([]);
  });
});

/** Returns the hashes of builds in a list; Spack also lists their dependencies. */
function listed(rows: string[]): string[] {
  return hashes(builds.filter(({ hash }) => rows.some((row) => row.includes(` ${hash} `))));
}

function hashes(group: FixtureBuild[]): string[] {
  return group.map(({ hash }) => hash).sort();
}
