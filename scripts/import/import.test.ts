import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openGnupg, type Gnupg } from '../../tests/world/gnupg.ts';
import { makeOldMirror, makePages } from '../../tests/world/old-mirror.ts';
import { findTool } from '../../tests/world/registry.ts';
import { tryScript } from '../../tests/world/run.ts';
import { useServers } from '../../tests/world/servers.ts';
import { SpecFile } from '../../site/schemas/spec-file.ts';
import { readCatalog } from '../catalog/catalog.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { parseReference } from '../oci/registry.ts';
import { servePages, type PagesServer } from '../start/pages-server.ts';
import { importBuilds, type ImportResult } from './import-builds.ts';
import { openSource } from './open-source.ts';
import { selectBuilds, type ImportSelection } from './select.ts';
import type { Source, Trust } from './source.ts';

const CACHE = 'tests/fixtures/cache-unsigned';
const SIGNED = 'tests/fixtures/cache-signed';
const BY_SPACK = 'tests/fixtures/oci-by-spack';
/** A few packages with their run-time dependencies. */
const PACKAGES = ['gcc-runtime', 'libmd', 'libbsd', 'tree'];
const LOCK_META = { 'lockfile-version': 6, 'specfile-version': 5 };
const NO_KEYS: Trust = { keys: [], unsigned: false };
const servers = useServers();
const sites: PagesServer[] = [];
let gnupg: Gnupg;

beforeAll(async () => {
  gnupg = await openGnupg();
  await gnupg.newKey('ed25519', 'builder');
});

afterAll(async () => {
  for (const site of sites) await site.close();
  await gnupg.close();
});

interface Outcome extends Omit<ImportResult, 'refused'> {
  refused: string[];
  unmatched: string[];
}

/** Imports into a catalog and a registry of the test's folder. */
async function importFrom(
  place: string,
  {
    trust = NO_KEYS,
    registry = `oci-layout:${servers.file('registry')}`,
    isDryRun = false,
    ...selection
  }: Partial<ImportSelection & { trust: Trust; registry: string; isDryRun: boolean }> = {},
  watch = (source: Source): Source => source,
): Promise<Outcome> {
  const source = watch(await openSource(place, trust));
  const { builds, unmatched } = await source.list();
  const selected = selectBuilds(builds, { specs: [], ...selection });
  const destination = {
    registry: openRegistry(registry),
    catalogDirectory: servers.file('catalog'),
    signer: undefined,
    environment: {},
  };
  const refused: string[] = [];
  const say = (_kind: string, sentence: string) => void refused.push(sentence);
  const result = await importBuilds(source, selected, { destination, isDryRun, say });
  expect(result.refused).toBe(refused.length);
  return { ...result, refused, unmatched };
}

async function serve(root: string): Promise<string> {
  const site = await servePages({ root, base: '/mirror', port: 0 });
  sites.push(site);
  return site.url.replace(/\/$/, '');
}

function catalog() {
  return readCatalog(servers.file('catalog'));
}

function clearSign(text: string): Promise<string> {
  return gnupg.run(['--clearsign', '--local-user', 'builder'], text);
}

function publicKey(): Promise<string> {
  return gnupg.run(['--armor', '--export', 'builder'], '');
}

test('imports a mirror by its address, and the second time nothing', async () => {
  const address = await serve(CACHE);
  expect(await importFrom(address)).toMatchObject({ added: 12, refused: [], signatures: { none: 12 } });
  const { builds, nodes } = catalog();
  expect([builds.size, nodes.size]).toEqual([12, 18]);
  const imported = { from: address, signature: 'none' };
  for (const { origin, image } of builds.values()) {
    expect(origin.imported).toEqual(imported);
    expect(image.runnable).toBe(true);
  }
  expect(await importFrom(address)).toMatchObject({ added: 0, present: 12 });
});

test('counts as present what another import adds meanwhile', async () => {
  let other: Promise<Outcome> | undefined;
  const result = await importFrom(CACHE, {}, (source) => ({
    ...source,
    read: async (build) => {
      await (other ??= importFrom(CACHE));
      return source.read(build);
    },
  }));
  expect(await other).toMatchObject({ added: 12, present: 0 });
  expect(result).toMatchObject({ added: 0, present: 12, refused: [] });
});

test('reads only the spec files in a dry run', async () => {
  const outcome = await importFrom(CACHE, { isDryRun: true });
  expect(outcome).toMatchObject({ added: 0, checked: 12, refused: [] });
  expect(outcome.bytes).toBeGreaterThan(1_000_000);
  expect(readdirSync(servers.file('.'))).toEqual([]);
});

test('accepts a directory without an index, and continues an interrupted import', async () => {
  const copy = servers.file('copy');
  cpSync(CACHE, copy, { recursive: true });
  rmSync(join(copy, 'v3/manifests/index'), { recursive: true });
  expect(await importFrom(copy, { specs: ['bzip2', 'libbsd@0.11'] })).toMatchObject({ refused: [] });
  const before = catalog().builds.size;
  expect(before).toBeGreaterThan(4);
  expect(before).toBeLessThan(12);
  expect(await importFrom(copy)).toMatchObject({ present: before, added: 12 - before, refused: [] });
});

test('selects by spec, by hash and by lock, with run-time dependencies', async () => {
  const { builds } = await (await openSource(CACHE, NO_KEYS)).list();
  const names = (selection: ImportSelection) => selectBuilds(builds, selection).map(({ name }) => name);
  expect(names({ specs: ['libbsd target=x86_64_v3'] })).toEqual(['gcc-runtime', 'libmd', 'libbsd']);
  expect(names({ specs: ['/mgvrpqca'] })).toEqual(['gcc-runtime', 'tree']);
  expect(new Set(names({ specs: ['bzip2@1.0:1.0.8'] }))).toEqual(new Set(['bzip2', 'gcc-runtime']));
  expect(() => names({ specs: ['bzip2@:1.0.7'] })).toThrow(
    /"bzip2@:1\.0\.7": expected a spec that the source has/,
  );
  expect(() => names({ specs: ['bzip2 ^gcc'] })).toThrow(/use --lock/);
});

test('imports the part of a mirror that a lock names, by address', async () => {
  const address = await serve(CACHE);
  const lock = servers.file('spack.lock');
  writeFileSync(
    lock,
    JSON.stringify({ _meta: LOCK_META, roots: [], concrete_specs: await concreteSpecsOf('libbsd') }),
  );
  const args = [address, '--lock', lock, '--registry', `oci-layout:${servers.file('registry')}`];
  const { code, output } = await tryScript('import', [...args, '--catalog', servers.file('catalog')]);
  expect(output).toMatch(/3 builds imported .* 0 not imported/);
  expect(code).toBe(0);
  const names = [...catalog().builds.values()].map(({ name }) => name);
  expect(names.sort()).toEqual(['gcc-runtime', 'libbsd', 'libmd']);
});

/** Nodes in the form of a spack.lock. */
async function concreteSpecsOf(name: string): Promise<Record<string, unknown>> {
  const source = await openSource(CACHE, NO_KEYS);
  const { builds } = await source.list();
  const [build] = builds.filter((one) => one.name === name);
  if (!build) throw new Error(`expected ${name}`);
  const { nodes } = SpecFile.parse(JSON.parse((await source.read(build)).specText)).spec;
  return Object.fromEntries(nodes.map((node) => [node.hash, node]));
}

test('refuses --unsigned without the keys that the rest must be signed with', async () => {
  const { code, output } = await tryScript('import', [CACHE, '--unsigned']);
  expect([code, output]).toEqual([1, expect.stringMatching(/^error: --unsigned: expected --trust FILE/)]);
});

test('leaves out damaged builds, and imports the rest', async () => {
  const copy = servers.file('copy');
  cpSync(SIGNED, copy, { recursive: true });
  const blob = join(copy, 'blobs/sha256/38/38840da00ede92e858836666d599edd00e9194380489bdf8c194ff3e2143da3b');
  const bytes = readFileSync(blob);
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  writeFileSync(blob, bytes);
  const { added, refused } = await importFrom(copy);
  expect(added).toBe(3);
  expect(refused).toHaveLength(1);
  expect(refused[0]).toMatch(
    /^tree\/mgvr\w+: .*blobs\/sha256\/38\/3884\w+: expected sha256:3884\w+ .*not imported$/,
  );
});

test('refuses at once a tarball that is announced with more bytes than any install', async () => {
  const copy = servers.file('copy');
  cpSync(CACHE, copy, { recursive: true });
  const [path = ''] = readdirSync(copy, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\/tree-.*\.spec\.manifest\.json$/.test(name),
  );
  const text = readFileSync(join(copy, path), 'utf8');
  writeFileSync(join(copy, path), text.replace(/"contentLength":\s*\d+/, `"contentLength":${2 ** 50}`));
  const { refused } = await importFrom(copy);
  expect(refused).toEqual([
    expect.stringMatching(
      /^tree\/mgvr\w+: .*: expected at most 20000000000 bytes, found 1125899906842624 announced; it is not imported$/,
    ),
  ]);
});

test('checks signatures with the given keys, and reports unsigned builds', async () => {
  const mirror = servers.file('old');
  await makeOldMirror({ cache: CACHE, directory: mirror, sign: clearSign });
  const address = await serve(mirror);
  const keys = [await publicKey()];
  const [fingerprint] = await gnupg.fingerprintsOf('builder');
  expect(await importFrom(address, { trust: { keys, unsigned: false } })).toMatchObject({
    added: 12,
    refused: [],
    signatures: { verified: 12 },
  });
  for (const { origin } of catalog().builds.values())
    expect(origin.imported).toEqual({ from: address, signature: 'verified', key: fingerprint });
  // With another key, and with an unsigned mirror.
  rmSync(servers.file('catalog'), { recursive: true });
  const stranger = await importFrom(SIGNED, { trust: { keys, unsigned: false } });
  expect(stranger).toMatchObject({ added: 0 });
  for (const sentence of stranger.refused) expect(sentence).toMatch(/signed by key \w+, expected one of/);
  const unsigned = await importFrom(CACHE, { trust: { keys, unsigned: false } });
  expect(unsigned.added).toBe(0);
  for (const sentence of unsigned.refused)
    expect(sentence).toMatch(/expected a signature by a trusted key, found none/);
  expect(await importFrom(CACHE, { trust: { keys, unsigned: true } })).toMatchObject({ added: 12 });
});

test.each([
  ['layout v2', false],
  ['the layout before, with its archives and paths', true],
])('gives the same from %s as from v3, by address and from a directory', async (_, isNested) => {
  const mirror = servers.file('old');
  await makeOldMirror({ cache: CACHE, directory: mirror, isNested, packages: PACKAGES });
  await importFrom(CACHE, { specs: PACKAGES });
  const expected = contentsOf();
  for (const place of [mirror, await serve(mirror)]) {
    rmSync(servers.file('catalog'), { recursive: true });
    rmSync(servers.file('registry'), { recursive: true });
    const outcome = await importFrom(place, { specs: PACKAGES });
    expect(outcome).toMatchObject({
      added: expected.size,
      refused: [],
      converted: isNested ? expected.size : 0,
    });
    expect(contentsOf()).toEqual(expected);
  }
});

/** The prefix, programs and libraries of each build. */
function contentsOf() {
  return new Map(
    [...catalog().builds].map(([hash, { contents, image }]) => [
      hash,
      { contents, runnable: image.runnable },
    ]),
  );
}

test('imports what Spack pushed to a registry, and mounts its blobs', async () => {
  const { host } = await servers.startRegistry();
  await openRegistry(`${host}/theirs`).push(BY_SPACK);
  const registry = `${host}/ours`;
  expect(await importFrom(`oci+http://${host}/theirs`, { registry })).toMatchObject({
    added: 4,
    refused: [],
  });
  const ours = openRegistry(registry);
  for (const { tarball, origin } of catalog().builds.values()) {
    expect(await ours.hasBlob(tarball)).toBe(true);
    expect(origin.imported).toEqual({ from: `${host}/theirs`, signature: 'none' });
  }
});

test('mounts a blob from another repository of the same registry only', async () => {
  const { host } = await servers.startRegistry();
  await openRegistry(`${host}/theirs`).push(BY_SPACK);
  const ours = openRegistry(`${host}/ours`);
  const manifest = await openRegistry(`${host}/theirs`).readManifest(
    'tree-2.1.0-mgvrpqcayml2t34bqu5anstlc53ooayw.spack',
  );
  const blob = manifest?.manifest.layers.at(-1);
  const [theirs, elsewhere, missing] = [`${host}/theirs`, 'example.org/theirs', `${host}/nobody`].map(
    (reference) => parseReference(reference),
  );
  if (!blob || theirs?.kind !== 'remote' || elsewhere?.kind !== 'remote' || missing?.kind !== 'remote')
    throw new Error('expected a tarball and three references');
  expect(await ours.mountBlob(blob, elsewhere)).toBe(false);
  expect(await ours.mountBlob(blob, missing)).toBe(false);
  expect(await ours.hasBlob(blob)).toBe(false);
  expect(await ours.mountBlob(blob, theirs)).toBe(true);
  expect(await ours.hasBlob(blob)).toBe(true);
});

test('matches pages with the spec file of the same hash, even if they name another', async () => {
  const { host } = await servers.startRegistry();
  const mirror = servers.file('old');
  const builds = await makeOldMirror({
    cache: CACHE,
    directory: mirror,
    isNested: true,
    packages: [...PACKAGES, 'lz4'],
  });
  const [lost, ...there] = builds.filter(({ name }) => name !== 'lz4');
  for (const { archive, specFile } of there) {
    const name = `${host}/pages/${specFile.replace('.spec.json', '.spack')}:latest`;
    const file = archive.split('/').at(-1) ?? '';
    const cwd = join(mirror, 'build_cache', archive, '..');
    execFileSync(findTool('oras'), ['push', '--plain-http', name, `${file}:application/vnd.spack.package`], {
      cwd,
    });
  }
  const pages = servers.file('pages');
  makePages(
    pages,
    mirror,
    builds.filter(({ name }) => name !== 'lz4'),
    `${host}/pages`,
  );
  const [orphan] = builds.filter(({ name }) => name === 'lz4');
  cpSync(
    join(mirror, 'build_cache', orphan?.specFile ?? ''),
    join(pages, 'docs/_cache/21.11/build_cache', orphan?.specFile ?? ''),
  );
  const outcome = await importFrom(pages);
  expect(outcome).toMatchObject({ added: there.length, converted: there.length });
  expect(outcome.refused).toHaveLength(1);
  expect(outcome.refused[0]).toMatch(
    new RegExp(`${lost?.hash ?? ''}.*expected a package of one layer, found no such`),
  );
  expect(outcome.unmatched).toHaveLength(1);
  expect(outcome.unmatched[0]).toMatch(/lz4.*expected a page that names its package, found none/);
  for (const { hash } of there) expect(catalog().builds.get(hash)?.hash).toBe(hash);
});

test('reports places that are not caches', async () => {
  await expect(importFrom(servers.file('nothing'))).rejects.toThrow(
    /nothing: expected an existing directory/,
  );
  await expect(importFrom('s3://bucket/mirror')).rejects.toThrow(/for a bucket \(s3, gs, az\)/);
  await expect(importFrom(servers.file('.'))).rejects.toThrow(/expected a build cache, found neither v3\//);
  const address = await serve(servers.file('.'));
  await expect(importFrom(address)).rejects.toThrow(/expected a build cache, found neither v3\/manifests/);
  await expect(importFrom(`oci-layout:${servers.file('.')}`)).rejects.toThrow(/found no index\.spack/);
});
