import { access, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readPrivateKey, revokeKey } from 'openpgp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Build } from '../../site/schemas/build.ts';
import { runScript } from '../../tests/world/run.ts';
import { makeKey, type KeyPair } from './key.ts';
import { specManifestText } from '../build-cache/mirror-manifest.ts';
import { verifyManifest } from '../../site/lib/spack/signed-manifest.ts';

const KEY_DATE = new Date('2026-01-01T00:00:00Z');
const NAMES = ['bzip2', 'lz4', 'tree'];

let work: string;
let catalog: string;
let pair: KeyPair;

beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'sign-'));
  catalog = join(work, 'catalog');
  pair = await makeKey({ name: 'Tests', date: KEY_DATE });
  for (const name of NAMES) await addBuild(name);
});

afterEach(() => rm(work, { recursive: true, force: true }));

test('signs unsigned manifests with the date of their build, and writes the public key', async () => {
  expect(await sign(pair)).toMatch(/Signed 3 of 3 manifests with key [0-9A-F]{40}; 0 were signed already\.$/);
  for (const name of NAMES) {
    const { text, signedBy } = await verifyManifest(await manifestOf(name), [
      await publicKeyIn(pair.fingerprint),
    ]);
    expect(text).toBe(specManifestText(buildOf(name).tarball, buildOf(name).image.config));
    expect(signedBy).toBe(pair.fingerprint);
  }
});

test('changes nothing the second time, even with --all', async () => {
  await sign(pair);
  const before = await modified();
  expect(await sign(pair)).toMatch(/Signed 0 of 3 manifests .* 3 were signed already\.$/);
  expect(await sign(pair, '--all')).toMatch(/Signed 0 of 3 manifests .* 3 were signed already\.$/);
  expect(await modified()).toEqual(before);
});

test('an interrupted run ends in the same bytes as one clean run', async () => {
  await sign(pair);
  const clean = await manifestOf('tree');
  await addBuild('tree');
  expect(await sign(pair)).toMatch(/Signed 1 of 3/);
  expect(await manifestOf('tree')).toBe(clean);
});

test('a rotation leaves both public keys, and --all replaces the signatures', async () => {
  await sign(pair);
  const next = await makeKey({ name: 'Next', date: KEY_DATE });
  expect(await sign(next)).toMatch(/Signed 0 of 3/);
  expect(await sign(next, '--all')).toMatch(/Signed 3 of 3/);
  expect((await readdir(join(catalog, 'keys'))).sort()).toEqual(
    [`${pair.fingerprint}.asc`, `${next.fingerprint}.asc`].sort(),
  );
  const keys = [await publicKeyIn(pair.fingerprint), await publicKeyIn(next.fingerprint)];
  expect((await verifyManifest(await manifestOf('lz4'), keys)).signedBy).toBe(next.fingerprint);
});

test.each<[string, (text: string) => string, RegExp]>([
  [
    'of another tarball',
    (text) => text.replace('"contentLength":10', '"contentLength":11'),
    /names, found something else/,
  ],
  [
    'with a long line',
    (text) => text.replace('{', `{"x":"${'x'.repeat(20_000)}",`),
    /names, found something else/,
  ],
  ['with a space added', (text) => `${text} `, /names, found something else/],
  [
    'that is signed but not alone',
    (text) => `${text}\n-----BEGIN PGP SIGNED MESSAGE-----\n`,
    /clear-signed by gpg/,
  ],
])('refuses a manifest %s, and signs no other', async (_, change, message) => {
  const path = manifestPath('tree');
  await writeFile(path, change(await readFile(path, 'utf8')));
  await expect(sign(pair)).rejects.toThrow(message);
  expect(await manifestOf('bzip2')).not.toContain('PGP');
  await expect(access(join(catalog, 'keys'))).rejects.toThrow(/ENOENT/);
});

test('refuses a manifest without its build, and does not follow a link', async () => {
  await symlink(manifestPath('tree'), manifestPath('tree').replace('/tree-', '/link-'));
  expect(await sign(pair)).toMatch(/Signed 3 of 3/);
  await rm(manifestPath('tree').replace('manifests', 'builds').replace('.spec.manifest.json', '.json'));
  await addManifest('tree');
  await expect(sign(pair)).rejects.toThrow(
    /tree-1\.0-.*\.manifest\.json: expected the manifest of the tarball and config that builds\//,
  );
});

test('says how to make a key when there is none', async () => {
  await expect(run('sign', ['--catalog', catalog])).rejects.toThrow(
    /error: SIGNING_KEY: expected an armored private key .* found nothing; make a key with `node scripts\/key\.ts`/,
  );
});

test('does not sign with a key that the catalog knows to be revoked', async () => {
  await sign(pair);
  const key = await readPrivateKey({ armoredKey: pair.privateKey });
  const { publicKey } = await revokeKey({ key, format: 'armored' });
  await writeFile(join(catalog, 'keys', `${pair.fingerprint}.asc`), publicKey);
  await addBuild('tree');
  await expect(sign(pair)).rejects.toThrow(/is revoked; make a new one/);
  expect(await manifestOf('tree')).not.toContain('PGP');
});

test('the key command makes a key that sign accepts, and never overwrites one', async () => {
  const out = join(work, 'signing-key.asc');
  const said = await run('key', ['--catalog', catalog, '--out', out]);
  expect(said).toContain('gh secret set SIGNING_KEY <');
  expect((await stat(out)).mode & 0o777).toBe(0o600);
  const privateKey = await readFile(out, 'utf8');
  const [file = ''] = await readdir(join(catalog, 'keys'));
  expect(await sign({ privateKey })).toContain(file.replace('.asc', ''));
  expect(await readdir(join(catalog, 'keys'))).toEqual([file]);
  await expect(run('key', ['--catalog', catalog, '--out', out])).rejects.toThrow(
    /expected to create a new file/,
  );
  expect(await readFile(out, 'utf8')).toBe(privateKey);
  expect(await readdir(join(catalog, 'keys'))).toEqual([file]);
});

test('the key command imports a public key, and refuses a private one', async () => {
  const file = join(work, 'key.asc');
  await writeFile(file, pair.publicKey);
  expect(await run('key', ['--catalog', catalog, '--import', file])).toContain(
    `Added key ${pair.fingerprint}`,
  );
  expect(await run('key', ['--catalog', catalog, '--import', file])).toContain('Nothing new in key');
  expect(await publicKeyIn(pair.fingerprint)).toBe(pair.publicKey);
  await writeFile(file, pair.privateKey);
  await expect(run('key', ['--catalog', catalog, '--import', file])).rejects.toThrow(/found a private one/);
});

/** Runs `node scripts/sign.ts` with a key; resolves with the last line of its output. */
async function sign({ privateKey }: Pick<KeyPair, 'privateKey'>, ...options: string[]): Promise<string> {
  const said = await run('sign', ['--catalog', catalog, ...options], { SIGNING_KEY: privateKey });
  return said.trimEnd().split('\n').at(-1) ?? '';
}

async function run(verb: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  return (await runScript(verb, args, env)).stderr;
}

function buildOf(name: string): Build {
  const hash = name.padEnd(32, 'a').replaceAll(/[^a-z2-7]/g, 'b');
  const blob = (digit: string, size: number): Build['image']['config'] => ({
    digest: `sha256:${digit.repeat(64)}`,
    size,
  });
  return Build.parse({
    name,
    version: '1.0',
    hash,
    published: '2026-03-04T05:06:07Z',
    tarball: { ...blob('a', 10), uncompressedDigest: blob('b', 0).digest, installedSize: 20, files: 1 },
    contents: { prefix: '/opt/x', programs: [], libraries: [] },
    image: {
      tag: `${name}-1.0-${hash}.spack`,
      digest: blob('c', 0).digest,
      size: 5,
      config: blob('d', 7),
      runnable: true,
    },
    origin: {},
  });
}

async function addBuild(name: string): Promise<void> {
  const build = buildOf(name);
  await write(join(catalog, 'builds', name, `${name}-1.0-${build.hash}.json`), `${JSON.stringify(build)}\n`);
  await addManifest(name);
}

async function addManifest(name: string): Promise<void> {
  const { tarball, image } = buildOf(name);
  await write(manifestPath(name), specManifestText(tarball, image.config));
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

function manifestPath(name: string): string {
  return join(catalog, 'manifests', name, `${name}-1.0-${buildOf(name).hash}.spec.manifest.json`);
}

function manifestOf(name: string): Promise<string> {
  return readFile(manifestPath(name), 'utf8');
}

function publicKeyIn(fingerprint: string): Promise<string> {
  return readFile(join(catalog, 'keys', `${fingerprint}.asc`), 'utf8');
}

/** Modification time and inode of each manifest. */
async function modified(): Promise<[number, number][]> {
  const stats = await Promise.all(NAMES.map((name) => stat(manifestPath(name))));
  return stats.map(({ mtimeMs, ino }) => [mtimeMs, ino]);
}
