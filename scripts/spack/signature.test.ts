import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readPrivateKey, revokeKey } from 'openpgp';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeKey } from './key.ts';
import { specManifestText } from './mirror-manifest.ts';
import { readSigner, signManifest, splitSigned, verifyManifest } from './signature.ts';
import type { Signer } from './signature.ts';

// Making an RSA key can take seconds.
vi.setConfig({ testTimeout: 60_000 });

const SIGNED_CACHE = 'tests/fixtures/cache-signed';
const FIXTURE_FINGERPRINT = 'FF812714F6D64D5FC414EC652E6EF459923242D9';
const TEXT = specManifestText(
  { digest: `sha256:${'a'.repeat(64)}`, size: 49384 },
  { digest: `sha256:${'b'.repeat(64)}`, size: 1007 },
);
const KEY_DATE = new Date('2026-01-01T00:00:00Z');
const PUBLISHED = new Date('2026-03-04T05:06:07Z');

/** A GnuPG home; short, since its sockets' paths have a limit of about 100 characters. */
let home: string;
let signer: Signer;

beforeAll(async () => {
  home = await mkdtemp('/tmp/g-');
  const pair = await makeKey({ name: 'Tests', email: 'tests@example.org', date: KEY_DATE });
  signer = await signerOf(pair.privateKey);
  await importKey(pair.publicKey);
});

afterAll(async () => {
  await promisify(execFile)('gpgconf', ['--kill', 'all'], { env: { ...process.env, GNUPGHOME: home } });
  await rm(home, { recursive: true, force: true });
});

test('gpg accepts a signature, and signing twice gives the same bytes', async () => {
  const signed = await signManifest(TEXT, signer, PUBLISHED);
  expect(await gpgVerify(signed)).toMatch(/^\[GNUPG:\] VALIDSIG .* 2026-03-04 /m);
  expect(await signManifest(TEXT, signer, PUBLISHED)).toBe(signed);
  expect(signed).not.toContain('\r');
  expect(signed.endsWith('-----END PGP SIGNATURE-----\n')).toBe(true);
});

test('the text that Spack takes out of a signed manifest is the text that was signed', async () => {
  const signed = await signManifest(TEXT, signer, PUBLISHED);
  // Spack's CLEARSIGN_FILE_REGEX, with Python's MULTILINE and DOTALL.
  const match =
    /^-----BEGIN PGP SIGNED MESSAGE-----\s+Hash:\s+[^\s]+\s+(.+)-----BEGIN PGP SIGNATURE-----/ms.exec(signed);
  expect(match?.[1]).toBe(`${TEXT}\n`);
  expect(splitSigned(signed)).toEqual({ text: TEXT, signed: true });
  expect(splitSigned(TEXT)).toEqual({ text: TEXT, signed: false });
});

test('the form is that of gpg --clearsign, but for the signature itself', async () => {
  const byGpg = await gpg(
    ['--digest-algo', 'SHA512', '--clearsign', '-o', '-'],
    TEXT,
    await newGpgKey('ed25519', 'form'),
  );
  const withoutSignature = (signed: string): string =>
    signed.replace(/\n\n[A-Za-z0-9+/=\n]+\n-----END/, '\n-----END');
  expect(withoutSignature(await signManifest(TEXT, signer, PUBLISHED))).toBe(withoutSignature(byGpg));
  expect(splitSigned(byGpg)).toEqual({ text: TEXT, signed: true });
});

test('both gpg and this program refuse a changed byte', async () => {
  const signed = await signManifest(TEXT, signer, PUBLISHED);
  const changed = signed.replace('49384', '49385');
  await expect(gpgVerify(changed)).rejects.toThrow(/BADSIG/);
  await expect(verifyManifest(changed, [signer.publicKey], 'm')).rejects.toThrow(
    /^m: the signature by key .* is bad/,
  );
});

test('a signature is never older than its key', async () => {
  const signed = await signManifest(TEXT, signer, new Date('2020-01-01T00:00:00Z'));
  expect(await gpgVerify(signed)).toMatch(/VALIDSIG .* 2026-01-01 /);
  await expect(verifyManifest(signed, [signer.publicKey])).resolves.toEqual({
    text: TEXT,
    signedBy: signer.fingerprint,
  });
});

test('verifies what Spack signed, with the right key among several', async () => {
  const path = `${SIGNED_CACHE}/v3/manifests/spec/tree/tree-2.1.0-mgvrpqcayml2t34bqu5anstlc53ooayw.spec.manifest.json`;
  const manifest = await readFile(path, 'utf8');
  const key = await readFile(
    `${SIGNED_CACHE}/blobs/sha256/73/733f62f4bcc9cacec3fd8ead341a3c8b505c69a59b0a4d81aadc7845567c4185`,
    'utf8',
  );
  const { text, signedBy } = await verifyManifest(manifest, [signer.publicKey, key], path);
  expect(signedBy).toBe(FIXTURE_FINGERPRINT);
  expect(JSON.parse(text)).toMatchObject({
    version: 3,
    data: [{ contentLength: 49384 }, { contentLength: 1007 }],
  });
  await expect(verifyManifest(manifest, [signer.publicKey], path)).rejects.toThrow(
    /signed by key 2E6EF459923242D9, expected one of: [0-9A-F]{40}$/,
  );
  await expect(verifyManifest(text, [key], path)).rejects.toThrow(
    /expected a signature by a trusted key, found none/,
  );
});

test.each<[string, (signed: string) => string]>([
  ['text before it', (signed) => `{"version":3}\n${signed}`],
  ['text after it', (signed) => `${signed}\n${TEXT}`],
  ['a second signed message after it', (signed) => signed + signed],
  ['a second Hash header', (signed) => signed.replace('Hash:', 'Hash: SHA256\nHash:')],
  ['another header', (signed) => signed.replace('\n\n{', '\nCharset: x\n\n{')],
  ['a header that Spack would skip with the text', (signed) => signed.replace('\n\n{', '\n{}\n\n{')],
  ['Windows line ends', (signed) => signed.replaceAll('\n', '\r\n')],
  ['a space after a line', (signed) => signed.replace('"data":[\n', '"data":[ \n')],
  ['a tab after a line', (signed) => signed.replace('"data":[\n', '"data":[\t\n')],
  ['a dash-escaped line', (signed) => signed.replace('"data"', '- "data"')],
  ['a vertical tab, a line end to some', (signed) => signed.replace('"data":[\n', '"data":[\v')],
  [
    'a delimiter in the text',
    (signed) => signed.replace('"data"', '"-----BEGIN PGP SIGNATURE-----":0,\n"data"'),
  ],
  [
    'a delimiter in a comment',
    (signed) => signed.replace('URE-----\n', 'URE-----\nComment: -----BEGIN PGP SIGNATURE-----\n'),
  ],
  ['no end', (signed) => signed.replace('-----END PGP SIGNATURE-----', '')],
])('refuses a signed manifest with %s', async (_, change) => {
  const signed = await signManifest(TEXT, signer, PUBLISHED);
  expect(change(signed)).not.toBe(signed);
  await expect(verifyManifest(change(signed), [signer.publicKey], 'm')).rejects.toThrow(/^m: /);
  if (!change(signed).includes('- "data"')) expect(() => splitSigned(change(signed), 'm')).toThrow(/^m: /);
});

test('refuses a detached signature of bytes and two signatures at once', async () => {
  const args = await newGpgKey('ed25519', 'binary');
  const detached = await gpg(['--armor', '--detach-sign', '-o', '-'], TEXT, args);
  const publicKey = await gpg(['--armor', '--export', 'binary'], '', []);
  const forged = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${TEXT}\n${detached}`;
  await expect(verifyManifest(forged, [publicKey])).rejects.toThrow(/expected one text signature/);
  const twice = await gpg(['--clearsign', '-o', '-'], TEXT, [
    ...args,
    ...(await newGpgKey('ed25519', 'second')),
  ]);
  await expect(verifyManifest(twice, [publicKey])).rejects.toThrow(/expected one text signature/);
});

test.each<[string, string]>([
  ['a line that gpg would cut', `{"${'x'.repeat(19_995)}"}`],
  ['a space at a line end', '{ \n}'],
  ['a line end of Windows', '{\r\n}'],
  ['a line that gpg escapes', '{\n- 1}'],
  ['an armor line', '{\n-----BEGIN PGP SIGNATURE-----\n}'],
  ['other than ASCII', '{"é":1}'],
  ['nothing', ''],
])('does not sign %s', async (_, text) => {
  await expect(signManifest(text, signer, PUBLISHED)).rejects.toThrow(/^the text to sign: /);
});

test.each<[string, string[], string]>([
  ['RSA', ['rsa2048', 'rsa'], ''],
  ['Ed25519 with a passphrase', ['ed25519', 'protected'], 'open sesame'],
  ['RSA with a passphrase', ['rsa2048', 'rsa-protected'], 'open sesame'],
  ['NIST P-256', ['nistp256', 'nist'], ''],
])('signs with a key exported from gpg: %s', async (_, [algorithm = '', name = ''], passphrase) => {
  await newGpgKey(algorithm, name, passphrase);
  const exported = await exportSecret(['--export-secret-keys', name], passphrase);
  const own = await signerOf(exported, passphrase);
  const signed = await signManifest(TEXT, own, new Date());
  expect(await gpgVerify(signed)).toContain(`VALIDSIG ${own.fingerprint} `);
  await expect(verifyManifest(signed, [signer.publicKey, own.publicKey])).resolves.toMatchObject({
    text: TEXT,
  });
});

test('signs with a subkey whose primary key stays at home', async () => {
  await newGpgKey('rsa2048', 'home', 'open sesame', 'cert');
  const [fingerprint = ''] = await fingerprintsOf('home');
  await gpg(['--passphrase', 'open sesame', '--quick-add-key', fingerprint, 'ed25519', 'sign', '1y'], '', []);
  const exported = await exportSecret(['--export-secret-subkeys', 'home'], 'open sesame');
  const own = await signerOf(exported, 'open sesame');
  expect(own.fingerprint).toBe(fingerprint);
  const signed = await signManifest(TEXT, own, PUBLISHED);
  expect(await gpgVerify(signed)).toMatch(
    new RegExp(`VALIDSIG ${(await fingerprintsOf('home'))[1]} .* ${fingerprint}`),
  );
  await expect(verifyManifest(signed, [own.publicKey])).resolves.toEqual({
    text: TEXT,
    signedBy: fingerprint,
  });
});

test('says in one sentence why a key cannot sign', async () => {
  await newGpgKey('ed25519', 'locked', 'open sesame');
  const locked = await exportSecret(['--export-secret-keys', 'locked'], 'open sesame');
  await expect(signerOf(locked, 'open barley')).rejects.toThrow(
    /SIGNING_KEY_PASSPHRASE: this passphrase does not open/,
  );
  await expect(signerOf(locked)).rejects.toThrow(
    /protected by a passphrase; put that into SIGNING_KEY_PASSPHRASE/,
  );
  await expect(signerOf(signer.publicKey)).rejects.toThrow(/expected a private key, found a public one/);
  await expect(signerOf('garbage')).rejects.toThrow(/expected an armored private key/);
  const { privateKey } = await makeKey({ name: 'Old', date: KEY_DATE });
  await expect(signerOf(privateKey.slice(0, 200))).rejects.toThrow(/expected an armored private key/);
  await expect(signerOf(privateKey + locked)).rejects.toThrow(/expected one private key, found/);
  const revoked = await revokeKey({
    key: await readPrivateKey({ armoredKey: privateKey }),
    format: 'armored',
  });
  await expect(signerOf(revoked.privateKey)).rejects.toThrow(
    /^SIGNING_KEY: key [0-9A-F]{40} is revoked; make a new one/,
  );
  await gpg(
    [
      '--faked-system-time',
      '20250101T000000',
      '--passphrase',
      '',
      '--quick-gen-key',
      'gone',
      'ed25519',
      'sign',
      '1m',
    ],
    '',
    [],
  );
  const expired = await exportSecret(['--export-secret-keys', 'gone'], '');
  await expect(signerOf(expired)).rejects.toThrow(
    /expired on 2025-0.-..; extend it with gpg, or make a new one/,
  );
  await newGpgKey('ed25519', 'certifier', '', 'cert');
  const certifier = await exportSecret(['--export-secret-keys', 'certifier'], '');
  await expect(signerOf(certifier)).rejects.toThrow(
    /cannot sign: it needs a valid primary key or subkey for signing/,
  );
});

test.each([undefined, '', ' \n'])('an absent or empty key is no key: %j', async (value) => {
  expect(await readSigner({ SIGNING_KEY: value })).toBeUndefined();
});

test('a revoked key proves nothing, and a key that expired later proves what it signed before', async () => {
  const pair = await makeKey({ name: 'Lost', date: KEY_DATE });
  const signed = await signManifest(TEXT, await signerOf(pair.privateKey), PUBLISHED);
  await expect(verifyManifest(signed, [pair.publicKey])).resolves.toMatchObject({ text: TEXT });
  const revoked = await revokeKey({
    key: await readPrivateKey({ armoredKey: pair.privateKey }),
    format: 'armored',
  });
  await expect(verifyManifest(signed, [revoked.publicKey])).rejects.toThrow(/, which is revoked$/);
  const time = ['--faked-system-time', '20250101T000000'];
  await gpg([...time, '--passphrase', '', '--quick-gen-key', 'brief', 'ed25519', 'sign', '1m'], '', []);
  const early = await gpg([...time, '-u', 'brief', '--clearsign', '-o', '-'], TEXT, []);
  const publicKey = await gpg(['--armor', '--export', 'brief'], '', []);
  await expect(verifyManifest(early, [publicKey])).resolves.toMatchObject({ text: TEXT });
});

test('refuses trusted keys that are none, or private', async () => {
  const { privateKey } = await makeKey({ name: 'Oops', date: KEY_DATE });
  const signed = await signManifest(TEXT, signer, PUBLISHED);
  await expect(verifyManifest(signed, [privateKey])).rejects.toThrow(
    /expected a public key, found a private one/,
  );
  await expect(verifyManifest(signed, ['garbage'])).rejects.toThrow(/expected an armored public key/);
  await expect(verifyManifest(signed, [])).rejects.toThrow(/no key was given/);
});

async function signerOf(privateKey: string, passphrase?: string): Promise<Signer> {
  const found = await readSigner({ SIGNING_KEY: privateKey, SIGNING_KEY_PASSPHRASE: passphrase });
  if (!found) throw new Error('no signer');
  return found;
}

/** Runs gpg with a text on stdin and returns stdout; an error carries what gpg said. */
function gpg(args: string[], input: string, more: string[]): Promise<string> {
  const all = ['--homedir', home, '--batch', '--yes', '--pinentry-mode', 'loopback', ...more, ...args];
  return new Promise((resolve, reject) => {
    const child = execFile('gpg', all, (error, stdout, stderr) => {
      if (error) reject(new Error(`${stdout}${stderr}`, { cause: error }));
      else resolve(stdout);
    });
    // gpg may end before it has read what it was given; its exit code then says why.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** Status lines of gpg's verdict on a file, as Spack asks for it. */
async function gpgVerify(signed: string): Promise<string> {
  const path = join(home, 'manifest.json.sig');
  await writeFile(path, signed);
  return gpg(['--status-fd', '1', '--verify', path], '', []);
}

async function importKey(armored: string): Promise<void> {
  await gpg(['--import'], armored, []);
}

/** Makes a key in the home and returns the arguments that sign with it. */
async function newGpgKey(
  algorithm: string,
  name: string,
  passphrase = '',
  usage = 'sign',
): Promise<string[]> {
  await gpg(['--passphrase', passphrase, '--quick-gen-key', name, algorithm, usage, 'never'], '', []);
  return ['--passphrase', passphrase, '-u', name];
}

function exportSecret(args: string[], passphrase: string): Promise<string> {
  return gpg(['--armor', '--passphrase', passphrase, ...args], '', []);
}

async function fingerprintsOf(name: string): Promise<string[]> {
  const listing = await gpg(['--with-colons', '--fingerprint', '--fingerprint', '-k', name], '', []);
  return [...listing.matchAll(/^fpr:+([0-9A-F]{40}):/gm)].map(([, fingerprint = '']) => fingerprint);
}
