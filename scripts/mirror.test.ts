import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { planMirror, type MirrorInput } from '../site/lib/mirror/plan.ts';
import { Database } from '../tests/world/database.ts';
import { listFiles as listFilesOf } from '../tests/world/files.ts';
import { findFreePort } from '../tests/world/free-port.ts';
import { tryScript, type Outcome } from '../tests/world/run.ts';
import { mirrorBlobPath } from '../site/schemas/digest.ts';
import type { Build } from '../site/schemas/build.ts';
import { MirrorManifest } from '../site/schemas/mirror-manifest.ts';
import { startRegistry } from '../tests/world/registry.ts';
import { startServer } from '../tests/world/start-server.ts';
import { readCatalog } from './catalog/catalog.ts';
import { blobPath } from './oci/layout.ts';
import { openRegistry } from './oci/open-registry.ts';
import { servePages } from './start/pages-server.ts';

const TREE = 'mgvrpqcayml2t34bqu5anstlc53ooayw';

let published: string;
/** The published builds with their mirror, and the outcome of making it. */
let mirrored: string;
let made: Outcome;
/** `http://127.0.0.1:PORT` on which nothing listens. */
let closed: string;
let folder: string;

beforeAll(async () => {
  closed = `http://127.0.0.1:${await findFreePort()}`;
  published = await mkdtemp(join(tmpdir(), 'mirror-'));
  const { stderr, code } = await run('publish', ['tests/fixtures/cache-unsigned', ...where(published)]);
  expect(code, stderr).toBe(0);
  mirrored = folder = await mkdtemp(join(tmpdir(), 'mirror-'));
  await openFolder();
  made = await mirror();
});

afterAll(() => Promise.all([published, mirrored].map((each) => rm(each, { recursive: true }))));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mirror-'));
  await openFolder();
  return () => rm(folder, { recursive: true });
});

async function openFolder(): Promise<void> {
  await cp(published, folder, { recursive: true });
  await mkdir(join(folder, 'dist'));
  await writeFile(join(folder, 'dist/index.html'), 'a page');
}

/** Adds what the first run of the mirror made. */
function addMirror(): Promise<void> {
  return cp(mirrored, folder, { recursive: true });
}

test('serves every blob that a manifest names, and one index in site and registry while everything fits', async () => {
  const { stderr, code } = made;
  await addMirror();
  expect(code, stderr).toBe(0);
  expect(lastLine(stderr)).toMatch(
    /^Mirrored 12 of 12 builds and 5 views: .* the registry's index was replaced\.$/,
  );
  const manifests = (await listFiles('dist/v3')).filter((path) => path.endsWith('.manifest.json'));
  expect(manifests).toHaveLength(12 + 1 + 5);
  for (const path of manifests) await expectBlobs(path);

  const own = await readIndexDigest('');
  expect(own).toBe(await readIndexDigest('all/'));
  const image = await openRegistry(`oci-layout:${folder}/registry`).readManifest('index.spack');
  expect(image?.manifest.layers[0]?.digest).toBe(own);
  expect(await namesIn('target-x86_64/')).toEqual(['bzip2', 'gcc-runtime']);
});

test('changes nothing when run again, and writes no file', async () => {
  await mirror();
  const before = await snapshot();
  const times = await changeTimes();
  const { stderr } = await mirror();
  expect(lastLine(stderr)).toMatch(/the registry's index is unchanged\.$/);
  expect(await snapshot()).toEqual(before);
  expect(await changeTimes()).toEqual(times);
});

test('replaces files of the site that have other bytes', async () => {
  await addMirror();
  const before = await snapshot();
  const files = await listFiles('dist/v3');
  for (const path of files) await flipByte(join(folder, path));
  expect(await snapshot()).not.toEqual(before);
  await mirror();
  expect(await snapshot()).toEqual(before);
});

test('serves whole closures within the budget, keeps all manifests, and removes leftovers of an earlier run', async () => {
  await addMirror();
  const catalog = readCatalog(join(folder, 'catalog'));
  const input: MirrorInput = { ...catalog, builds: [...catalog.builds.values()] };
  const budget = planMirror(input, 0).bytes.total + 3_500_000;
  const plan = planMirror(input, budget);
  expect(plan.listed.size).toBeGreaterThan(0);
  expect(plan.listed.size).toBeLessThan(12);

  const { stderr, code } = await mirror('--budget', String(budget));
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('only the registry has their tarballs');
  expect(await readIndex('')).toEqual([...plan.listed].sort());
  expect(await readIndex('all/')).toHaveLength(12);
  expect(await listFiles('dist/v3/manifests/spec')).toHaveLength(12);
  for (const { hash, tarball } of input.builds) {
    expect(await isThere(mirrorBlobPath(tarball.digest))).toBe(plan.served.has(hash));
  }
});

test('downloads blobs from a registry only once, and puts its index there last', async () => {
  const registry = await startRegistry();
  onTestFinished(() => registry.stop());
  const reference = `${registry.url}/cache`;
  const options = ['--registry', reference, '--catalog', join(folder, 'elsewhere')];
  const pushed = await run('publish', ['tests/fixtures/cache-unsigned', ...options]);
  expect(pushed.code, pushed.stderr).toBe(0);
  const { stderr, code } = await run('mirror', [...options, ...rest()]);
  expect(code, stderr).toBe(0);
  expect(await listFiles('kept')).toHaveLength(24);
  const image = await openRegistry(reference).readManifest('index.spack');
  expect(image?.manifest.layers[0]?.digest).toBe(await readIndexDigest('all/'));
  for (const path of await listFiles('dist/v3/manifests/spec')) await expectBlobs(path);

  const before = await stat(join(folder, 'kept'));
  const again = await run('mirror', [...options, ...rest()]);
  expect(lastLine(again.stderr)).toMatch(/the registry's index is unchanged/);
  expect((await stat(join(folder, 'kept'))).mtimeMs).toBe(before.mtimeMs);
});

test('keeps the index blob that the live site names, and that of the previous deployment', async () => {
  await addMirror();
  await cp(join(folder, 'dist'), join(folder, 'live'), { recursive: true });
  const old = await readIndexDigest('');
  await removeBuild('tree', TREE);
  const site = await servePages({ root: join(folder, 'live'), base: '/base/', port: 0 });
  onTestFinished(() => site.close());
  const { stderr, code } = await mirrorOf(site.url);
  expect(code, stderr).toBe(0);
  expect(await readIndexDigest('')).not.toBe(old);
  expect(await readIndex('')).not.toContain(TREE);
  expect(await isThere(mirrorBlobPath(old))).toBe(true);
  // Deployed, and built again before the CDN forgets the earlier index, by the same job or after an
  // interruption.
  await cp(join(folder, 'dist'), join(folder, 'live'), { recursive: true });
  await rm(join(folder, 'dist/v3'), { recursive: true });
  const again = await mirrorOf(site.url);
  expect(again.code, again.stderr).toBe(0);
  expect(await isThere(mirrorBlobPath(old))).toBe(true);
});

test('warns about an index that is missing on the live site, and keeps the others', async () => {
  await addMirror();
  const live = join(folder, 'live');
  await cp(join(folder, 'dist'), live, { recursive: true });
  await rm(join(live, 'v3/manifests/index/index.manifest.json'));
  await mkdir(join(live, 'api'), { recursive: true });
  await writeFile(
    join(live, 'api/views.json'),
    JSON.stringify({ views: [{ name: 'all' }, { name: 'lost' }] }),
  );
  const old = await readIndexDigest('all/');
  await removeBuild('tree', TREE);
  const site = await servePages({ root: live, base: '/base/', port: 0 });
  onTestFinished(() => site.close());
  const { stderr, code } = await mirrorOf(site.url);
  expect(code, stderr).toBe(0);
  const lost = [
    ...stderr.matchAll(/index of the live site .* could not be kept.*index\/(\S+): expected an index/g),
  ];
  expect(lost.map(([, path]) => path)).toEqual(['lost/index.manifest.json', 'index.manifest.json']);
  expect(await isThere(mirrorBlobPath(old))).toBe(true);
});

test('warns in one sentence when the live site answers with errors, and continues', async () => {
  const server = createServer((_request, response) => response.writeHead(403).end());
  onTestFinished(() => void server.close());
  const { stderr, code } = await mirrorOf(await startServer(server));
  expect(code).toBe(0);
  expect(stderr).toMatch(/warning: an index of the live site .* could not be kept.*found 403/);
});

test('leaves out and reports a node that no client could read, with the builds that depend on it', async () => {
  const file = (await listFiles('catalog/specs/bzip2')).find((path) => path.includes('/bzip2-')) ?? '';
  const text = await readFile(join(folder, file), 'utf8');
  await writeFile(join(folder, file), text.replace('"annotations":{', '"concrete":false,"annotations":{'));
  const { stderr, code } = await mirror();
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/specs\/bzip2\/.*left out of every index.*"concrete": expected no such key/);
  const installs = await readInstalls('');
  const hash = /-([a-z2-7]{32})\.spec/.exec(file)?.[1] ?? '';
  expect(text).toContain(hash);
  expect(installs).not.toHaveProperty(hash);
  expect(JSON.stringify(installs)).not.toContain(hash);
  expect(installs).toHaveProperty(TREE);
});

test('deploys without a removed build whose tarball the registry has lost, and says so', async () => {
  const [record, manifest] = [
    `builds/tree/tree-2.1.0-${TREE}.json`,
    `manifests/tree/tree-2.1.0-${TREE}.spec.manifest.json`,
  ].map((path) => join(folder, 'catalog', path)) as [string, string];
  const build = JSON.parse(await readFile(record, 'utf8')) as Build;
  const { name, version, hash, published: since } = build;
  const stays = [{ published: since, removed: since, reason: 'old' }];
  const grace = { build, manifest: await readFile(manifest, 'utf8') };
  await mkdir(join(folder, 'catalog/removed'));
  await writeFile(
    join(folder, `catalog/removed/${TREE}.json`),
    JSON.stringify({ name, version, hash, stays, grace }),
  );
  await Promise.all([record, manifest].map((path) => rm(path)));
  const served = join(folder, `dist/v3/manifests/spec/tree/tree-2.1.0-${TREE}.spec.manifest.json`);
  expect((await mirror()).code).toBe(0);
  await stat(served);
  await rm(blobPath(join(folder, 'registry'), build.tarball.digest));
  await rm(join(folder, 'blobs'), { recursive: true, force: true });
  const { code, stderr } = await mirror();
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(
    /the tarball of tree@2\.1\.0\/mgvr\w+, which was removed, .*: clients with older indexes build it/,
  );
  await expect(stat(served)).rejects.toThrow('ENOENT');
});

test('writes public keys and their index', async () => {
  await mkdir(join(folder, 'catalog/keys'));
  await writeFile(join(folder, `catalog/keys/${'A'.repeat(40)}.asc`), 'an armored key\n');
  await mirror();
  const [record] = await readManifest('dist/v3/manifests/key/keys.manifest.json');
  const index = await readFile(
    join(folder, 'dist', mirrorBlobPath(`sha256:${record?.checksum ?? ''}`)),
    'utf8',
  );
  expect(index).toBe(`{"keys":{"${'A'.repeat(40)}":{}}}`);
  await expectBlobs(`dist/v3/manifests/key/${'A'.repeat(40)}.key.manifest.json`);
});

test.each([
  ['truncated', (file: string) => truncate(file, 1_000), /expected sha256:.*found sha256:/s],
  ['missing', (file: string) => rm(file), /has no blob sha256:/],
  ['flipped', flipByte, /expected sha256:.*found sha256:/s],
])(
  'refuses a tarball that is %s in the registry and leaves the registry as it was',
  async (_, damage, cause) => {
    const tarball = readCatalog(join(folder, 'catalog')).builds.get(TREE)?.tarball;
    await damage(blobPath(join(folder, 'registry'), tarball?.digest ?? ''));
    const before = await readFile(join(folder, 'registry/index.json'), 'utf8');
    const { stderr, code } = await mirror();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /error: the tarball of tree@2\.1\.0\/mgvrpq\w+ could not be fetched .*publish the build again/,
    );
    expect(stderr).toMatch(cause);
    expect(await readFile(join(folder, 'registry/index.json'), 'utf8')).toBe(before);
    expect(await listFiles('dist/v3')).toEqual([]);
    expect((await listFiles('dist')).filter((path) => path.includes('.part'))).toEqual([]);
  },
);

test('reports a registry that is down', async () => {
  const { stderr, code } = await run('mirror', [
    ...rest(),
    '--registry',
    `${closed}/x`,
    '--catalog',
    join(folder, 'catalog'),
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /error: the (tarball|spec file) of .* could not be fetched.*127\.0\.0\.1:\d+.* refuses connections/s,
  );
});

test('refuses a site that is larger than its budget', async () => {
  await writeFile(join(folder, 'dist/large.html'), Buffer.alloc(5_000_000));
  const { stderr, code } = await mirror('--budget', '4MB');
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /error: the site takes .* which is more than its budget of 4 MB; raise PAGES_BUDGET/,
  );
});

test('refuses a folder without a built site', async () => {
  await rm(join(folder, 'dist/index.html'));
  const { stderr, code } = await mirror();
  expect(code).toBe(1);
  expect(stderr).toMatch(/expected a built site, found no index\.html; run `npm run build` first/);
});

test('creates an empty mirror from an empty catalog without using a registry', async () => {
  await rm(join(folder, 'catalog'), { recursive: true });
  await mkdir(join(folder, 'catalog'));
  const registry = ['--registry', `${closed}/x`, '--catalog', join(folder, 'catalog')];
  const { stderr, code } = await run('mirror', [...rest(), ...registry]);
  expect(code, stderr).toBe(0);
  expect(await readIndex('')).toEqual([]);
});

function mirror(...options: string[]): Promise<Outcome> {
  return run('mirror', [...where(folder), ...rest(), ...options]);
}

function mirrorOf(siteUrl: string): Promise<Outcome> {
  return run('mirror', [...where(folder), ...rest()], siteUrl);
}

function where(root: string): string[] {
  return ['--registry', `oci-layout:${join(root, 'registry')}`, '--catalog', join(root, 'catalog')];
}

function rest(): string[] {
  return ['--dist', join(folder, 'dist'), '--blobs', join(folder, 'kept')];
}

function run(verb: string, options: string[], siteUrl = `${closed}/base`): Promise<Outcome> {
  return tryScript(verb, options, { SITE_URL: siteUrl });
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}

async function listFiles(path: string): Promise<string[]> {
  return (await listFilesOf(join(folder, path))).map((file) => join(path, file));
}

async function snapshot(): Promise<Record<string, string>> {
  const files = [...(await listFiles('dist')), ...(await listFiles('registry'))];
  return Object.fromEntries(
    await Promise.all(files.map(async (path) => [path, await sha256Of(path)] as const)),
  );
}

/** Times at which content or inode of each served file last changed. */
async function changeTimes(): Promise<Record<string, number>> {
  const times = (await listFiles('dist')).map(
    async (path) => [path, (await stat(join(folder, path))).ctimeMs] as const,
  );
  return Object.fromEntries(await Promise.all(times));
}

async function sha256Of(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(join(folder, path)))
    .digest('hex');
}

async function readManifest(path: string): Promise<MirrorManifest['data']> {
  return MirrorManifest.parse(JSON.parse(await readFile(join(folder, path), 'utf8'))).data;
}

async function expectBlobs(path: string): Promise<void> {
  for (const { checksum, contentLength } of await readManifest(path)) {
    const blob = join('dist', mirrorBlobPath(`sha256:${checksum}`));
    expect(await sha256Of(blob)).toBe(checksum);
    expect((await stat(join(folder, blob))).size).toBe(contentLength);
  }
}

async function readIndexDigest(view: string): Promise<string> {
  const [record] = await readManifest(`dist/v3/manifests/index/${view}index.manifest.json`);
  return `sha256:${record?.checksum ?? ''}`;
}

async function readInstalls(view: string): Promise<Database['database']['installs']> {
  const file = join(folder, 'dist', mirrorBlobPath(await readIndexDigest(view)));
  return Database.parse(JSON.parse(await readFile(file, 'utf8'))).database.installs;
}

/** Hashes of the builds that an index lists, sorted. */
async function readIndex(view: string): Promise<string[]> {
  const installs = Object.entries(await readInstalls(view));
  return installs
    .filter(([, record]) => record.in_buildcache)
    .map(([hash]) => hash)
    .sort();
}

async function namesIn(view: string): Promise<string[]> {
  const installs = await readInstalls(view);
  return (await readIndex(view)).map((hash) => installs[hash]?.spec.name ?? '').sort();
}

async function isThere(path: string): Promise<boolean> {
  return stat(join(folder, 'dist', path)).then(
    () => true,
    () => false,
  );
}

async function removeBuild(name: string, hash: string): Promise<void> {
  for (const path of await listFiles('catalog')) {
    if (path.includes(`/${name}/`) && path.includes(hash)) await rm(join(folder, path));
  }
}

async function flipByte(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  await writeFile(file, bytes);
}
