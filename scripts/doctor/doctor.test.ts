import { hash } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import {
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import glob from 'fast-glob';
import { generateKey } from 'openpgp';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { publishedBuild } from '../../site/lib/api/published-build.ts';
import type { Build } from '../../site/schemas/build.ts';
import type { Finding, Health } from '../../site/schemas/checks/health.ts';
import { hexOf, mirrorBlobPath, type Digest } from '../../site/schemas/digest.ts';
import { git, makeRepository } from '../../tests/world/git.ts';
import { runScript, tryScript } from '../../tests/world/run.ts';
import { findSpacks } from '../../tests/world/spack.ts';
import { startRegistry, TEST_LOGIN } from '../../tests/world/registry.ts';
import type { GhcrOptions } from '../../tests/world/ghcr.ts';
import { useServers } from '../../tests/world/servers.ts';
import { startServer } from '../../tests/world/start-server.ts';
import { isoSeconds } from '../../site/lib/format.ts';
import { readCatalog } from '../catalog/catalog.ts';
import { INDEX_TAG } from '../oci/image.ts';
import { blobPath } from '../oci/layout.ts';
import { openRegistry } from '../oci/open-registry.ts';
import { makeKey } from '../signing/key.ts';
import { readSigner, signManifest } from '../signing/signer.ts';
import { splitSigned } from '../../site/lib/spack/signed-manifest.ts';
import { servePages } from '../start/pages-server.ts';
import { checkWithSpack } from './check-spack.ts';
import { diagnose } from './examine.ts';
import { Diagnosis, KINDS, takeDailySample } from './diagnosis.ts';
import { openMirrorFiles, readText } from '../build-cache/mirror-files.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 1;

/** A signed cache of twelve builds with its registry and its site, created by publish and mirror. */
let clean: string;
let signingKey: string;
/** A copy for one test. */
let folder: string;

const TREE = 'tree/tree-2.1.0-mgvrpqcayml2t34bqu5anstlc53ooayw';
const LIBMD = 'libmd/libmd-1.0.4-uoxsn4d2qnm2a2hqdpwl5xgkdzmvwuzr';
const SITE_URL = 'http://127.0.0.1:9/base';

const servers = useServers();

beforeAll(async () => {
  clean = await mkdtemp(join(tmpdir(), 'doctor-'));
  const key = await makeKey({ name: 'Doctor', date: new Date('2026-01-01T00:00:00Z') });
  signingKey = key.privateKey;
  await mkdir(join(clean, 'content/keys'), { recursive: true });
  await writeFile(join(clean, `content/keys/${key.fingerprint}.asc`), key.publicKey);
  const place = ['--registry', `oci-layout:${clean}/registry`, '--catalog', `${clean}/content`];
  await runScript('publish', ['tests/fixtures/cache-unsigned', ...place], { SIGNING_KEY: signingKey });
  await runScript('record-settings', place.slice(2), { SITE_URL });
  await mkdir(join(clean, 'dist/api/mirrors'), { recursive: true });
  await writeFile(join(clean, 'dist/index.html'), 'a page');
  await writeFile(join(clean, 'dist/api/index.json'), '{}');
  await runScript('mirror', [...place, '--dist', `${clean}/dist`, '--blobs', `${clean}/kept`], { SITE_URL });
  // Other parts of the built site.
  const views = await glob('*', { cwd: join(clean, 'dist/v3/manifests/index'), onlyDirectories: true });
  const lists = {
    views: JSON.stringify({ views: views.map((name) => ({ name })) }),
    specs: JSON.stringify({ builds: 12 }),
  };
  for (const [name, text] of Object.entries(lists))
    await writeFile(join(clean, `dist/api/${name}.json`), text);
  const { builds } = readCatalog(join(clean, 'content'));
  await mkdir(join(clean, 'dist/api/specs'));
  for (const build of builds.values())
    await writeFile(
      join(clean, `dist/api/specs/${build.hash}.json`),
      JSON.stringify({ build: publishedBuild(build) }),
    );
  await writeFile(join(clean, 'dist/api/index.json'), indexText([...builds.values()], lists));
  await runScript('sign-index', ['--dist', `${clean}/dist`], { SIGNING_KEY: signingKey });
  await cp(join(clean, 'content/mirrors'), join(clean, 'dist/api/mirrors'), { recursive: true });
});

afterAll(() => rm(clean, { recursive: true }));

/** The index of an API, with the digests of its lists. */
function indexText(builds: readonly Build[], lists: Record<string, string>): string {
  const link = (path: string): string => `${SITE_URL}/api/${path}`;
  const links = [
    'packages',
    'targets',
    'keys',
    'views',
    'package',
    'spec',
    'page',
    'manifest',
    'tarball',
    'openapi',
  ];
  return JSON.stringify({
    schema: link('schemas/index-document.json'),
    ...{ version: 1, name: 'base', url: SITE_URL, signed: true, unsigned: 0, commit: 'a'.repeat(40) },
    counts: {
      ...{
        packages: new Set(builds.map(({ name }) => name)).size,
        builds: builds.length,
        buildsOnSite: 12,
        keys: 1,
      },
      ...{ targets: 1, compilers: 1, environments: 0, containers: 0, failures: 0, views: 1 },
    },
    size: builds.reduce((sum, { tarball }) => sum + tarball.size, 0),
    endpoints: Object.entries(lists).map(([name, text]) => ({
      ...{ name, url: link(`${name}.json`), description: name },
      ...{ sha256: hash('sha256', text), size: Buffer.byteLength(text) },
    })),
    changes: [],
    links: Object.fromEntries([...links, 'documentation'].map((name) => [name, link(name)])),
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-'));
  // Copying file by file through promises would take five times as long.
  cpSync(clean, folder, { recursive: true, preserveTimestamps: true });
  return () => rmSync(folder, { recursive: true });
});

test('finds nothing in a clean cache, with and without --deep', async () => {
  const quick = await look();
  expect(quick.findings).toEqual([]);
  expect(quick).toMatchObject({ problems: 0, warnings: 0, deep: false });
  const deep = await look({ deep: true });
  expect(deep.findings).toEqual([]);
  const whole = deep.checks.filter(({ subject }) => subject !== 'spack');
  expect(whole.length).toBeGreaterThan(15);
  for (const { name, checked, total, note } of whole)
    expect([name, checked, note]).toEqual([name, total, undefined]);
  expect(deep.checks.find(({ name }) => name === 'every byte is what was published')?.checked).toBe(12);
});

const CONTAINER = JSON.stringify({
  roots: [TREE.slice(-32)],
  os: 'linux',
  architecture: 'amd64',
  tags: ['tree-2.1.0-amd64'],
  digest: `sha256:${'b'.repeat(64)}`,
  size: 100,
  base: { name: 'ubuntu:24.04', digest: `sha256:${'c'.repeat(64)}` },
  published: '2026-05-01T00:00:00Z',
  origin: {},
});

/** Damage to a clean cache, each with the expected kind of finding and its place. */
const PLANTED: { code: keyof typeof KINDS; where: string; deep?: true; plant: () => Promise<void> }[] = [
  {
    code: 'file-unreadable',
    where: `content/builds/${TREE}.json`,
    plant: () => edit(`content/builds/${TREE}.json`, (text) => text.slice(0, 200)),
  },
  {
    code: 'file-unreadable',
    where: 'content/pins/thesis.yaml',
    plant: () => put('content/pins/thesis.yaml', 'reason: 3\n'),
  },
  {
    code: 'file-misplaced',
    where: 'content/removed/other.json',
    plant: () => {
      const stays = [{ published: '2026-01-01T00:00:00Z', removed: '2026-02-01T00:00:00Z', reason: 'old' }];
      return put(
        'content/removed/other.json',
        JSON.stringify({ name: 'a', version: '1', hash: 'a'.repeat(32), stays }),
      );
    },
  },
  {
    code: 'node-missing',
    where: 'content/specs/glibc',
    plant: async () => {
      for (const path of await glob('content/specs/glibc/*', { cwd: folder })) await rm(join(folder, path));
    },
  },
  {
    code: 'node-missing',
    where: `content/specs/${TREE}.spec.json`,
    plant: () => rm(join(folder, `content/specs/${TREE}.spec.json`)),
  },
  {
    code: 'lock-incomplete',
    where: 'content/environments/lab.lock.json',
    plant: () => {
      const lock = {
        _meta: { 'lockfile-version': 6, 'specfile-version': 5 },
        roots: [{ hash: 'a'.repeat(32), spec: 'tree' }],
        concrete_specs: {},
      };
      return put('content/environments/lab.lock.json', JSON.stringify(lock));
    },
  },
  {
    code: 'hash-mismatch',
    where: `content/specs/${TREE}.spec.json`,
    plant: () =>
      edit(`content/specs/${TREE}.spec.json`, (text) =>
        text.replace('"namespace":"builtin"', '"namespace":"builtim"'),
      ),
  },
  {
    code: 'node-unreadable',
    where: `content/specs/${TREE}.spec.json`,
    plant: () =>
      edit(`content/specs/${TREE}.spec.json`, (text) =>
        text.replace('"annotations"', '"concrete":false,"annotations"'),
      ),
  },
  {
    code: 'build-differs',
    where: 'content/builds/tree',
    plant: () =>
      edit(`content/builds/${TREE}.json`, (text) => text.replace('"tag": "tree-', '"tag": "three-')),
  },
  {
    code: 'build-differs',
    where: `content/builds/${TREE}.json`,
    deep: true,
    plant: () =>
      edit(`content/builds/${TREE}.json`, (text) =>
        text.replace(/("uncompressedDigest": "sha256:)\w+/, `$1${'0'.repeat(64)}`),
      ),
  },
  {
    code: 'build-differs',
    where: `content/builds/${TREE}.json`,
    deep: true,
    plant: () => edit(`content/builds/${TREE}.json`, renameProgram),
  },
  {
    code: 'site-build-differs',
    where: `dist/api/specs/${TREE.slice(-32)}.json`,
    plant: () => edit(`content/builds/${TREE}.json`, renameProgram),
  },
  {
    code: 'site-build-differs',
    where: `dist/api/specs/${TREE.slice(-32)}.json`,
    plant: () => rm(join(folder, `dist/api/specs/${TREE.slice(-32)}.json`)),
  },
  {
    code: 'time-in-future',
    where: `content/builds/${TREE}.json`,
    plant: () =>
      edit(`content/builds/${TREE}.json`, (text) =>
        text.replace(/("published": ")[^"]+/, `$1${isoSeconds(new Date(Date.now() + 2 * 3_600_000))}`),
      ),
  },
  {
    code: 'view-differs',
    where: 'dist/v3/manifests/index/target-x86_64/index.manifest.json',
    plant: async () => {
      // Another closed view, of the same site.
      const views = join(folder, 'dist/v3/manifests/index');
      const other = await first('dist/v3/manifests/index/target-x86_64_*/index.manifest.json');
      await cp(join(folder, other), join(views, 'target-x86_64/index.manifest.json'));
    },
  },
  {
    code: 'view-differs',
    where: 'dist/v3/manifests/index/target-x86_64/index.manifest.json',
    plant: () => edit('dist/api/views.json', (text) => text.replace('{"name":"target-x86_64"},', '')),
  },
  {
    code: 'site-layout-differs',
    where: 'dist/v3/layout.json',
    plant: () => rm(join(folder, 'dist/v3/layout.json')),
  },
  {
    code: 'site-api-differs',
    where: 'dist/api/specs.json',
    plant: () => put('dist/api/specs.json', '<html>'),
  },
  {
    code: 'site-api-differs',
    where: 'dist/api/index.json.asc',
    plant: () => edit('dist/api/index.json', (text) => text.replace('"unsigned":0', '"unsigned":1')),
  },
  {
    code: 'site-api-differs',
    where: 'dist/api/index.json.asc',
    plant: () => rm(join(folder, 'dist/api/index.json.asc')),
  },
  {
    code: 'site-api-differs',
    where: 'dist/api/index.json\n',
    plant: async () => {
      await edit('dist/api/index.json', (text) => text.replace('"builds":12', '"builds":11'));
      await runScript('sign-index', ['--dist', `${folder}/dist`], { SIGNING_KEY: signingKey });
    },
  },
  {
    code: 'manifest-missing',
    where: `content/manifests/${TREE}.spec.manifest.json`,
    plant: () => rm(join(folder, `content/manifests/${TREE}.spec.manifest.json`)),
  },
  {
    code: 'manifest-damaged',
    where: `content/manifests/${TREE}.spec.manifest.json`,
    plant: () => edit(manifest(TREE), (text) => text.slice(0, -100)),
  },
  {
    code: 'manifest-differs',
    where: `content/manifests/${TREE}.spec.manifest.json`,
    plant: () => cp(join(folder, manifest(LIBMD)), join(folder, manifest(TREE))),
  },
  {
    code: 'manifest-orphan',
    where: manifest(TREE),
    plant: () => rm(join(folder, `content/builds/${TREE}.json`)),
  },
  {
    code: 'manifest-unsigned',
    where: manifest(TREE),
    plant: () => edit(manifest(TREE), (text) => splitSigned(text).text),
  },
  {
    code: 'signature-unknown-key',
    where: manifest(TREE),
    plant: async () => {
      const other = await makeKey({ name: 'Mallory', date: new Date('2026-01-01T00:00:00Z') });
      const signer = await readSigner({ SIGNING_KEY: other.privateKey });
      if (!signer) throw new Error('expected a signer');
      const { text } = splitSigned(await read(manifest(TREE)));
      await put(manifest(TREE), await signManifest(text, signer, new Date('2026-05-01T00:00:00Z')));
    },
  },
  {
    code: 'signature-bad',
    where: manifest(TREE),
    plant: async () => {
      const [other = ''] = /-----BEGIN PGP SIGNATURE-----[^]*/.exec(await read(manifest(LIBMD))) ?? [];
      await edit(manifest(TREE), (text) => text.replace(/-----BEGIN PGP SIGNATURE-----[^]*/, other));
    },
  },
  {
    code: 'key-unreadable',
    where: 'content/keys/BROKEN.asc',
    plant: () => put('content/keys/BROKEN.asc', 'no key'),
  },
  {
    code: 'key-misnamed',
    where: `content/keys/${'A'.repeat(40)}.asc`,
    plant: async () => {
      const key = await makeKey({ name: 'Other', date: new Date('2026-01-01T00:00:00Z') });
      await put(`content/keys/${'A'.repeat(40)}.asc`, key.publicKey);
    },
  },
  { code: 'key-expired', where: 'content/keys', plant: () => addKey(-DAY_S) },
  { code: 'key-expires-soon', where: 'content/keys', plant: () => addKey(30 * DAY_S) },
  {
    code: 'settings-damaged',
    where: 'content/mirrors',
    plant: async () => edit(await first('content/mirrors/*.yaml'), (text) => `${text}# more\n`),
  },
  {
    code: 'file-unreadable',
    where: 'content/checks/challenge.json',
    plant: () => put('content/checks/challenge.json', '{"compared": 1}'),
  },
  {
    code: 'file-unreadable',
    where: 'content/environments/lab.yaml',
    plant: () => put('content/environments/lab.yaml', 'spack: ['),
  },
  {
    code: 'file-misplaced',
    where: `content/containers/tree/${'f'.repeat(64)}.json`,
    plant: () => put(`content/containers/tree/${'f'.repeat(64)}.json`, CONTAINER),
  },
  {
    code: 'container-missing',
    where: 'registry:tree-2.1.0-amd64',
    plant: async () => {
      await put(`content/containers/tree/${'b'.repeat(64)}.json`, CONTAINER);
      // There is another container: without any it would be a registry of builds alone.
      const { tag, digest } = build(LIBMD).image;
      await put(
        `content/containers/libmd/${hexOf(digest)}.json`,
        CONTAINER.replace('tree-2.1.0-amd64', tag).replace(`sha256:${'b'.repeat(64)}`, digest),
      );
    },
  },
  {
    code: 'kept-missing',
    where: 'content/pins/thesis.yaml',
    plant: () => put('content/pins/thesis.yaml', `reason: a thesis\nhashes: [${'a'.repeat(32)}]\n`),
  },
  {
    code: 'kept-missing',
    where: 'content/snapshots/paper.yaml',
    plant: () => put('content/snapshots/paper.yaml', `reason: a paper\nhashes: [${'a'.repeat(32)}]\n`),
  },
  {
    // Its view would have the name of paper-1.yaml's.
    code: 'file-unreadable',
    where: 'content/snapshots/paper 1.yaml',
    plant: () => put('content/snapshots/paper 1.yaml', `reason: a paper\nhashes: [${TREE}]\n`),
  },
  {
    code: 'key-secret',
    where: 'content/keys/',
    plant: async () => edit(await first('content/keys/*.asc'), () => signingKey),
  },
  {
    code: 'removed-image-missing',
    where: `registry:tree-2.1.0-${'a'.repeat(32)}`,
    plant: () => {
      const [hash, { name, version, published, image, ...rest }] = ['a'.repeat(32), build(TREE)];
      const gone = {
        ...rest,
        name,
        version,
        published,
        hash,
        image: { ...image, tag: `tree-2.1.0-${hash}.spack` },
      };
      const stays = [{ published, removed: '2026-12-01T00:00:00Z', reason: 'old' }];
      const grace = { build: gone, manifest: '' };
      return put(`content/removed/${hash}.json`, JSON.stringify({ name, version, hash, stays, grace }));
    },
  },
  {
    code: 'registry-index-differs',
    where: `registry:${INDEX_TAG}`,
    plant: async () => rm(blobPath(join(folder, 'registry'), await digestOfIndex(''))),
  },
  {
    code: 'blob-damaged',
    where: `registry:${INDEX_TAG}`,
    deep: true,
    plant: async () => flipByte(blobPath(join(folder, 'registry'), await digestOfIndex(''))),
  },
  {
    code: 'site-index-damaged',
    where: 'dist/blobs/sha256/',
    plant: async () => flipByte(join(folder, await blobOfIndex(''))),
  },
  {
    code: 'site-index-damaged',
    where: 'dist/api/views.json',
    plant: () => rm(join(folder, 'dist/api/views.json')),
  },
  {
    code: 'site-index-differs',
    where: 'dist/v3/manifests/index/all/',
    plant: () =>
      edit('dist/v3/manifests/index/all/index.manifest.json', (text) =>
        text.replace(/"contentLength":\d+/, '"contentLength":7'),
      ),
  },
  {
    code: 'site-index-open',
    where: 'dist/v3/manifests/index/index.manifest.json',
    plant: async () => {
      const text = (await read(await blobOfIndex(''))).replace(
        /("name":"libmd".*?"in_buildcache":)true/,
        '$1false',
      );
      const digest = hash('sha256', text);
      await put(`dist/${mirrorBlobPath(`sha256:${digest}`)}`, text);
      await edit('dist/v3/manifests/index/index.manifest.json', (manifest) =>
        manifest
          .replace(/"checksum":"\w+"/, `"checksum":"${digest}"`)
          .replace(/"contentLength":\d+/, `"contentLength":${text.length}`),
      );
    },
  },
  {
    code: 'site-manifest-orphan',
    where: 'dist/v3/manifests/spec/tree/tree-9-',
    plant: () => put(served(`tree/tree-9-${'a'.repeat(32)}`), '{}'),
  },
  {
    code: 'site-file-refused',
    where: served(TREE),
    plant: () => put(served(TREE), 'x'.repeat(5 * 2 ** 20)),
  },
  {
    code: 'site-key-differs',
    where: 'dist/blobs/sha256/',
    plant: async () => {
      const text = await read(await first('dist/v3/manifests/key/*.key.manifest.json'));
      await rm(join(folder, 'dist', mirrorBlobPath(digestIn(text))));
    },
  },
  {
    code: 'image-missing',
    where: 'registry:tree-2.1.0',
    plant: () => editTags((tag) => !tag.startsWith('tree-')),
  },
  {
    code: 'image-differs',
    where: 'registry:tree-2.1.0',
    plant: async () => {
      const registry = openRegistry(`oci-layout:${folder}/registry`);
      const { image } = build(LIBMD);
      await registry.pointTag(build(TREE).image.tag, image.digest);
    },
  },
  {
    code: 'blob-missing',
    where: 'registry:tree-2.1.0',
    plant: () => rm(blobPath(join(folder, 'registry'), build(TREE).tarball.digest)),
  },
  {
    code: 'blob-damaged',
    where: 'registry:tree-2.1.0',
    deep: true,
    plant: () => flipByte(blobPath(join(folder, 'registry'), build(TREE).tarball.digest)),
  },
  {
    code: 'image-damaged',
    where: 'registry:tree-2.1.0',
    deep: true,
    plant: () => flipByte(blobPath(join(folder, 'registry'), build(TREE).image.digest)),
  },
  {
    code: 'blob-orphan',
    where: 'registry/blobs/sha256/',
    plant: async () => {
      const file = `registry/blobs/sha256/${hash('sha256', 'nobody needs this')}`;
      await put(file, 'nobody needs this');
      await utimes(join(folder, file), new Date(0), new Date(0));
    },
  },
  {
    code: 'tag-unknown',
    where: 'registry:stranger-1.0',
    plant: () =>
      openRegistry(`oci-layout:${folder}/registry`).pointTag('stranger-1.0', build(TREE).image.digest),
  },
  {
    code: 'registry-index-differs',
    where: `registry:${INDEX_TAG}`,
    plant: () => editTags((tag) => tag !== INDEX_TAG),
  },
  {
    code: 'site-unreachable',
    where: 'dist/api/index.json',
    plant: () => put('dist/api/index.json', '<html>'),
  },
  {
    code: 'site-index-differs',
    where: 'dist/v3/manifests/index/all/index.manifest.json',
    plant: () =>
      cp(join(folder, 'dist/v3/manifests/index/target-x86_64'), join(folder, 'dist/v3/manifests/index/all'), {
        recursive: true,
      }),
  },
  {
    code: 'site-index-damaged',
    where: 'dist/blobs/sha256/',
    plant: async () => rm(join(folder, await blobOfIndex('target-x86_64/'))),
  },
  {
    code: 'view-not-subset',
    where: 'dist/v3/manifests/index/target-x86_64/index.manifest.json',
    plant: async () => {
      // The smaller index becomes the site's own one.
      const text = await read('dist/v3/manifests/index/index.manifest.json');
      await cp(
        join(folder, 'dist/v3/manifests/index/target-x86_64/index.manifest.json'),
        join(folder, 'dist/v3/manifests/index/index.manifest.json'),
      );
      await put('dist/v3/manifests/index/target-x86_64/index.manifest.json', text);
    },
  },
  { code: 'site-manifest-missing', where: served(TREE), plant: () => rm(join(folder, served(TREE))) },
  {
    code: 'site-manifest-differs',
    where: served(TREE),
    plant: () => cp(join(folder, served(LIBMD)), join(folder, served(TREE))),
  },
  {
    code: 'site-blob-missing',
    where: 'dist/blobs/sha256/',
    plant: () => rm(join(folder, 'dist', mirrorBlobPath(build(TREE).tarball.digest))),
  },
  {
    code: 'site-blob-damaged',
    where: 'dist/blobs/sha256/',
    deep: true,
    plant: () => flipByte(join(folder, 'dist', mirrorBlobPath(build(TREE).tarball.digest))),
  },
  {
    code: 'site-blob-orphan',
    where: 'dist/blobs/sha256/00/',
    plant: () => put(`dist/blobs/sha256/00/${'0'.repeat(64)}`, 'x'),
  },
  {
    code: 'site-key-differs',
    where: 'dist/v3/manifests/key/',
    plant: async () => rm(join(folder, await first('dist/v3/manifests/key/*.key.manifest.json'))),
  },
  {
    code: 'settings-not-served',
    where: 'dist/api/mirrors/',
    plant: async () => rm(join(folder, await first('dist/api/mirrors/*.yaml'))),
  },
  {
    code: 'budget-exceeded',
    where: 'dist/api/storage.json',
    plant: () => put('dist/large', 'x'.repeat(20_000_000)),
  },
];

describe('finds planted damage', () => {
  test.each(PLANTED)('$code at $where', async ({ code, where, deep, plant }) => {
    await plant();
    const { findings, problems } = await look({ deep: deep ?? false, environment: { PAGES_BUDGET: '20MB' } });
    const found = findings.filter((finding) => finding.code === code);
    expect(found.length, JSON.stringify(findings, null, 1)).toBeGreaterThan(0);
    expect(found.map((finding) => `${finding.where}\n`).join('')).toContain(where);
    for (const finding of findings) expect(finding.advice.length).toBeGreaterThan(10);
    if (KINDS[code].severity === 'problem') expect(problems).toBeGreaterThan(0);
  });

  test('covers at least twenty kinds', () => {
    expect(new Set(PLANTED.map(({ code }) => code)).size).toBeGreaterThan(20);
  });
});

test('reports a site that is behind the branch', async () => {
  makeRepository(folder);
  await rm(join(folder, `content/builds/${TREE}.json`));
  await rm(join(folder, manifest(TREE)));
  git(folder, 'add', 'content');
  git(folder, 'commit', '--quiet', '--message', 'Prune');
  const { findings } = await look();
  expect(codesOf(findings)).toContain('site-behind');
  expect(findings.find(({ code }) => code === 'site-index-differs')?.found).toContain(
    '1 more (/mgvrpqcayml2t34bqu5anstlc53ooayw)',
  );
});

test('checks a site over HTTP, and a registry that requires a login', async () => {
  const registry = await startRegistry({ login: true });
  onTestFinished(() => registry.stop());
  const reference = `${registry.url}/cache`;
  const { username, password } = TEST_LOGIN;
  const auths = { [registry.host]: { auth: Buffer.from(`${username}:${password}`).toString('base64') } };
  await put('docker/config.json', JSON.stringify({ auths }));
  const before = process.env['DOCKER_CONFIG'];
  process.env['DOCKER_CONFIG'] = join(folder, 'docker');
  onTestFinished(() => {
    if (before === undefined) delete process.env['DOCKER_CONFIG'];
    else process.env['DOCKER_CONFIG'] = before;
  });
  await openRegistry(reference).push(join(folder, 'registry'));
  const site = await servePages({ root: join(folder, 'dist'), base: '/base/', port: 0 });
  onTestFinished(() => site.close());
  const { findings, checks } = await look({ deep: true, registry: reference, site: site.url });
  expect(codesOf(findings)).toEqual(['registry-private']);
  expect(checks.find(({ name }) => name === 'every manifest belongs to a build')).toMatchObject({
    checked: 0,
    note: expect.stringContaining('a server does not list its files'),
  });
  expect(checks.find(({ name }) => name === 'every tag is known')?.total).toBe(13);

  const closed = await look({ registry: '127.0.0.1:9/cache', site: 'http://127.0.0.1:9' });
  expect(codesOf(closed.findings)).toEqual(['registry-unreachable', 'site-unreachable']);
});

test.each<[code: keyof typeof KINDS, harm: string, options: Partial<GhcrOptions>, loggedIn: boolean]>([
  ['registry-empty', 'was deleted', { absent: 404 }, true],
  ['registry-empty', 'was deleted, and says 403', { absent: 403 }, true],
  ['registry-refused', 'is private, and asks for a login', { anonymous: 401 }, false],
  ['registry-refused', 'is private, and says 403', { anonymous: 403 }, false],
])('says %s once of a package of GitHub that %s', async (code, _, options, loggedIn) => {
  const ghcr = await servers.startGhcr({ token: 'token', ...options });
  const auth = Buffer.from('owner:token').toString('base64');
  await servers.writeDockerConfig({ auths: loggedIn ? { [ghcr.host]: { auth } } : {} });
  const { findings } = await look({ registry: `http://${ghcr.host}/owner/cache` });
  expect(codesOf(findings)).toEqual([code]);
});

test('reports once that a registry has none of the images, or none of the containers', async () => {
  for (const name of ['tree', 'libmd'])
    await put(
      `content/containers/${name}/${'b'.repeat(64)}.json`,
      CONTAINER.replace('tree-2.1.0-amd64', `${name}-1-amd64`),
    );
  expect((await look()).findings).toMatchObject([{ code: 'container-missing', found: 'none of them' }]);
  await rm(join(folder, 'registry'), { recursive: true });
  expect(codesOf((await look()).findings)).toEqual(['registry-empty']);
});

/** Damage to the storage of a real registry, or to an answer of a site, with the expected finding. */
const REMOTE: [code: keyof typeof KINDS, harm: string, plant: (store: Store) => unknown][] = [
  ['image-missing', 'a tag whose manifest is gone', (store) => rm(store.data(build(TREE).image.digest))],
  [
    'image-missing',
    'a manifest that is in no list',
    (store) => rm(store.revision(build(TREE).image.digest), { recursive: true }),
  ],
  ['blob-missing', 'a tarball that was cut', (store) => truncate(store.data(build(TREE).tarball.digest), 5)],
  [
    'blob-missing',
    'a tarball without a byte',
    (store) => truncate(store.data(build(TREE).tarball.digest), 0),
  ],
  [
    'registry-index-differs',
    'an index that was cut',
    async (store) => truncate(store.data(await digestOfIndex('')), 10),
  ],
  [
    'registry-index-differs',
    'an index that is in no list',
    async (store) => rm(store.layer(await digestOfIndex('')), { recursive: true }),
  ],
];

/** Paths of a registry's storage for parts of its repository. */
type Store = Record<'data' | 'revision' | 'layer', (digest: Digest) => string>;

test.each(REMOTE)('finds %s in a real registry: %s', async (code, _, plant) => {
  const registry = await startRegistry();
  onTestFinished(() => registry.stop());
  const reference = `${registry.url}/cache`;
  await openRegistry(reference).push(join(folder, 'registry'));
  const { repositories } = registry;
  await plant({
    data: (digest) => join(repositories, '../blobs/sha256', hexOf(digest).slice(0, 2), hexOf(digest), 'data'),
    revision: (digest) => join(repositories, 'cache/_manifests/revisions/sha256', hexOf(digest)),
    layer: (digest) => join(repositories, 'cache/_layers/sha256', hexOf(digest)),
  });
  expect(codesOf((await look({ registry: reference })).findings)).toEqual([code]);
});

test.each([
  [401, 'site-file-refused', served(TREE).slice(5)],
  [500, 'site-unreachable', 'api/index.json'],
])('still reports when a site answers %i for one file', async (status, code, where) => {
  const site = await servePages({ root: join(folder, 'dist'), base: '', port: 0 });
  onTestFinished(() => site.close());
  const server = createServer((request, response) => {
    if (request.url?.includes('/spec/tree/')) return response.writeHead(status).end();
    return response.writeHead(307, { location: `${site.url}${request.url ?? ''}` }).end();
  });
  onTestFinished(() => void server.close());
  await rm(join(folder, manifest(LIBMD)));
  const { findings } = await look({ site: await startServer(server) });
  expect(findings.find((finding) => finding.code === code)).toMatchObject({
    where: expect.stringContaining(where),
    found: expect.stringContaining(`expected status 200, found ${status}`),
  });
  expect(codesOf(findings)).toContain('manifest-missing');
});

test('continues where an interrupted deep run stopped', async () => {
  const journal = join(folder, 'journal');
  const registry = openRegistry(`oci-layout:${folder}/registry`);
  const name = `good-${hash('sha256', registry.reference).slice(0, 16)}.txt`;
  const { tarball } = build(TREE);
  await flipByte(blobPath(join(folder, 'registry'), tarball.digest));
  await put(`journal/${name}`, `${tarball.digest.slice(7)}\n${'1'.repeat(20)}`);
  expect((await look({ deep: true, journal })).findings).toEqual([]);
  // A complete run has deleted its journal: the next one checks everything again.
  expect(codesOf((await look({ deep: true, journal })).findings)).toEqual(['blob-damaged']);
});

test('fixes what can be fixed without losing anything, and finds nothing to fix afterwards', async () => {
  await edit(manifest(TREE), (text) => splitSigned(text).text);
  await rm(join(folder, manifest(LIBMD)));
  const signed = await readFile(join(clean, manifest(LIBMD)), 'utf8');
  await cp(
    join(folder, manifest(TREE)),
    join(folder, 'content/manifests/tree/tree-0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.spec.manifest.json'),
  );
  const registry = openRegistry(`oci-layout:${folder}/registry`);
  await registry.pointTag(build(TREE).image.tag, build(LIBMD).image.digest);
  await editTags((tag) => tag !== INDEX_TAG);
  const orphan = `registry/blobs/sha256/${hash('sha256', 'nobody needs this')}`;
  await put(orphan, 'nobody needs this');
  await utimes(join(folder, orphan), new Date(0), new Date(0));

  const without = await look();
  const fixed = await look({ fix: true, environment: { SIGNING_KEY: signingKey } });
  expect(without.problems).toBeGreaterThan(3);
  // The site shows the catalog from which it was built until the next deployment.
  expect(codesOf(fixed.findings.filter((finding) => !finding.fixed))).toEqual(['site-manifest-differs']);
  expect(await read(manifest(LIBMD))).toBe(signed);
  await expect(stat(join(folder, orphan))).rejects.toThrow('ENOENT');
  expect((await look({ deep: true })).findings).toEqual([]);
});

test.each(['a folder', 'a registry'])(
  'pushes a deleted image again to %s that still has its blobs',
  async (kind) => {
    const store = join(folder, 'registry');
    const { image } = build(TREE);
    let registry: string | undefined;
    if (kind === 'a folder') {
      await editTags((tag) => !tag.startsWith('tree-'));
      await rm(blobPath(store, image.digest));
    } else {
      const { url, repositories, stop } = await startRegistry();
      onTestFinished(stop);
      registry = `${url}/cache`;
      await openRegistry(registry).push(store);
      const manifests = join(repositories, 'cache/_manifests');
      await rm(join(manifests, 'revisions/sha256', hexOf(image.digest)), { recursive: true });
      await rm(join(manifests, 'tags', image.tag), { recursive: true });
    }
    const options = registry === undefined ? {} : { registry };
    const { findings } = await look({ ...options, fix: true });
    expect(findings).toMatchObject([{ code: 'image-missing', fixed: true }]);
    expect((await look({ ...options, deep: true })).findings).toEqual([]);
  },
);

test('leaves a signed manifest to sign, and a lost image to publish, when it cannot fix them itself', async () => {
  await edit(manifest(TREE), (text) => splitSigned(text).text);
  await editTags((tag) => !tag.startsWith('libmd-'));
  await rm(blobPath(join(folder, 'registry'), build(LIBMD).image.digest));
  await rm(blobPath(join(folder, 'registry'), build(LIBMD).tarball.digest));
  const { findings } = await look({ fix: true });
  expect(findings.some((finding) => finding.fixed)).toBe(false);
  const byCode = new Map(findings.map((finding) => [finding.code, finding]));
  expect(byCode.get('manifest-unsigned')?.advice).toContain('scripts/sign.ts');
  expect(byCode.get('image-missing')?.advice).toContain('its image is gone');
});

test('finds nothing wrong with a build without any program that needs glibc', async () => {
  const withoutGlibc = (text: string) => text.replace(/,\s*"glibc":\s*"[^"]+"/, '');
  await edit(`content/builds/${TREE}.json`, withoutGlibc);
  await edit(`dist/api/specs/${TREE.slice(-32)}.json`, withoutGlibc);
  expect(codesOf((await look()).findings)).toEqual([]);
});

test('prints JSON, records it, and ends with 1 while there are problems', async () => {
  await rename(
    join(folder, `content/specs/${TREE}.spec.json`),
    join(folder, 'content/specs/tree/tree-2.spec.json'),
  );
  const options = [
    '--registry',
    `oci-layout:${folder}/registry`,
    '--catalog',
    `${folder}/content`,
    '--json',
    '--record',
  ];
  const { code, stdout, stderr } = await tryScript('doctor', options);
  expect(code).toBe(1);
  const health = JSON.parse(stdout) as Health;
  expect(codesOf(health.findings)).toContain('file-misplaced');
  expect(stderr).toMatch(/\n\d+ problems? and \d+ warnings? were found in \d+ checks\.\n$/);
  expect(JSON.parse(await read('content/checks/doctor.json'))).toEqual(health);
});

test('takes a different sample each day, and covers everything in time', () => {
  const items = Array.from({ length: 25 }, (_, at) => at);
  const days = [0, 1, 2].map((day) => takeDailySample(items, 10, new Date(day * 86_400_000)));
  expect(days.map((some) => some.length)).toEqual([10, 10, 10]);
  expect(new Set(days.flat()).size).toBe(25);
  expect(takeDailySample(items, 25, new Date())).toEqual(items);
});

test('retries a busy site after the wait that it asks for', async () => {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    if (requests === 1) response.writeHead(503, { 'retry-after': '0' }).end();
    else response.writeHead(requests === 2 ? 200 : 401).end('text');
  });
  onTestFinished(() => void server.close());
  const site = openMirrorFiles(await startServer(server));
  expect(await readText(site, 'x', 10)).toBe('text');
  await expect(site.sizeOf('x')).rejects.toThrow('/x: expected status 200, found 401');
});

const [spack] = findSpacks();

test.skipIf(spack === undefined)('has Spack read the index, and reports what it cannot read', async () => {
  const environment = {
    ...process.env,
    PATH: `${join(spack?.program ?? '', '..')}:${process.env['PATH'] ?? ''}`,
  };
  const text = await read(await blobOfIndex('all/'));
  const good = new Diagnosis();
  await checkWithSpack(text, 12, good, environment);
  expect(good.findings).toEqual([]);
  expect(good.checks[0]?.note).toMatch(/^by Spack \d/);
  const bad = new Diagnosis();
  await checkWithSpack(text.replaceAll('"version":"2.1.0"', '"version":"1/0"'), 12, bad, environment);
  expect(codesOf(bad.findings)).toEqual(['index-unreadable']);
  const none = new Diagnosis();
  await checkWithSpack(text, 12, none, { PATH: folder });
  expect(none.checks).toMatchObject([{ checked: 0, note: 'no Spack on PATH' }]);
});

const DAY_S = 86_400;

function renameProgram(record: string): string {
  return record.replace(/("programs": \[\s*)"tree"/, '$1"three"');
}

interface Look {
  deep?: boolean;
  fix?: boolean;
  registry?: string;
  site?: string;
  journal?: string;
  environment?: Record<string, string>;
}

async function look(options: Look = {}): Promise<Health> {
  const { health } = await diagnose(
    {
      registry: options.registry ?? `oci-layout:${folder}/registry`,
      catalog: join(folder, 'content'),
      site: options.site ?? join(folder, 'dist'),
      journal: options.journal ?? join(folder, 'journal'),
      deep: options.deep ?? false,
      fix: options.fix ?? false,
      spack: false,
    },
    // Spack is left out, since it takes time and has its own test.
    { ...options.environment },
  );
  return health;
}

function codesOf(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ code }) => code))].sort();
}

function build(stem: string) {
  const found = readCatalog(join(clean, 'content')).builds.get(stem.slice(-32));
  if (!found) throw new Error(`expected the build ${stem}`);
  return found;
}

function manifest(stem: string): string {
  return `content/manifests/${stem}.spec.manifest.json`;
}

function served(stem: string): string {
  return `dist/v3/manifests/spec/${stem}.spec.manifest.json`;
}

function read(path: string): Promise<string> {
  return readFile(join(folder, path), 'utf8');
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await writeFile(join(folder, path), text);
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const before = await read(path);
  const after = change(before);
  expect(after).not.toBe(before);
  // Removed first, because dist may share it with the registry through a hard link.
  await rm(join(folder, path));
  await put(path, after);
}

async function first(pattern: string): Promise<string> {
  const [path] = (await glob(pattern, { cwd: folder })).sort();
  if (path === undefined) throw new Error(`expected a file ${pattern}`);
  return path;
}

async function blobOfIndex(view: string): Promise<string> {
  return `dist/${mirrorBlobPath(await digestOfIndex(view))}`;
}

async function digestOfIndex(view: string): Promise<Digest> {
  return digestIn(await read(`dist/v3/manifests/index/${view}index.manifest.json`));
}

function digestIn(manifest: string): Digest {
  return `sha256:${/"checksum":"(\w+)"/.exec(manifest)?.[1] ?? ''}`;
}

async function editTags(keeps: (tag: string) => boolean): Promise<void> {
  const index = JSON.parse(await read('registry/index.json')) as {
    manifests: { annotations: Record<string, string> }[];
  };
  const manifests = index.manifests.filter(({ annotations }) =>
    keeps(annotations['org.opencontainers.image.ref.name'] ?? ''),
  );
  expect(manifests.length).toBeLessThan(index.manifests.length);
  await put('registry/index.json', JSON.stringify({ ...index, manifests }));
}

/** A second public key, which expires after this number of seconds. */
async function addKey(seconds: number): Promise<void> {
  const created = new Date(Date.now() - 100 * DAY_S * 1_000);
  const { publicKey } = await generateKey({
    userIDs: { name: 'Old' },
    date: created,
    keyExpirationTime: 100 * DAY_S + seconds,
  });
  const { readKey } = await import('openpgp');
  const fingerprint = (await readKey({ armoredKey: publicKey })).getFingerprint().toUpperCase();
  await put(`content/keys/${fingerprint}.asc`, publicKey);
}

async function flipByte(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  await rm(file);
  await writeFile(file, bytes);
}
