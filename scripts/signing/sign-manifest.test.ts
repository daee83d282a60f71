import { readFile } from 'node:fs/promises';
import { readPrivateKey, revokeKey } from 'openpgp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openGnupg, type Gnupg } from '../../tests/world/gnupg.ts';
import { makeKey } from './key.ts';
import { specManifestText } from '../build-cache/mirror-manifest.ts';
import { readSigner, signManifest, type Signer } from './signer.ts';
import { splitSigned, verifyManifest } from '../../site/lib/spack/signed-manifest.ts';

const SIGNED_CACHE = 'tests/fixtures/cache-signed';
const FIXTURE_FINGERPRINT = 'FF812714F6D64D5FC414EC652E6EF459923242D9';
const TEXT = specManifestText(
  { digest: `sha256:${'a'.repeat(64)}`, size: 49384 },
  { digest: `sha256:${'b'.repeat(64)}`, size: 1007 },
);
const KEY_DATE = new Date('2026-01-01T00:00:00Z');
const PUBLISHED = new Date('2026-03-04T05:06:07Z');

let gnupg: Gnupg;
let signer: Signer;

beforeAll(async () => {
  gnupg = await openGnupg();
  const pair = await makeKey({ name: 'Tests', email: 'tests@example.org', date: KEY_DATE });
  signer = await signerOf(pair.privateKey);
  await gnupg.importKey(pair.publicKey);
});

afterAll(() => gnupg.close());

test('gpg accepts a signature, and signing twice gives the same bytes', async () => {
  const signed = await signManifest(TEXT, signer, PUBLISHED);
  expect(await gnupg.verify(signed)).toMatch(/^\[GNUPG:\] VALIDSIG .* 2026-03-04 /m);
  expect(await signManifest(TEXT, signer, PUBLISHED)).toBe(signed);
  expect(signed).not.toContain('\r');
  expect(signed.endsWith('-----END PGP SIGNATURE-----\n')).toBe(true);
});

test('Spack extracts from a signed manifest the text that was signed', async () => {
  const signed = await signManifest(TEXT, signer, PUBLISHED);
  // Spack's CLEARSIGN_FILE_REGEX, with Python's MULTILINE and DOTALL.
  const match =
    /^-----BEGIN PGP SIGNED MESSAGE-----\s+Hash:\s+[^\s]+\s+(.+)-----BEGIN PGP SIGNATURE-----/ms.exec(signed);
  expect(match?.[1]).toBe(`${TEXT}\n`);
  expect(splitSigned(signed)).toEqual({ text: TEXT, signed: true });
  expect(splitSigned(TEXT)).toEqual({ text: TEXT, signed: false });
});

test('has the format of gpg --clearsign, except for the signature itself', async () => {
  const byGpg = await gnupg.run(
    ['--digest-algo', 'SHA512', '--clearsign', '-o', '-'],
    TEXT,
    await gnupg.newKey('ed25519', 'form'),
  );
  const withoutSignature = (signed: string): string =>
    signed.replace(/\n\n[A-Za-z0-9+/=\n]+\n-----END/, '\n-----END');
  expect(withoutSignature(await signManifest(TEXT, signer, PUBLISHED))).toBe(withoutSignature(byGpg));
  expect(splitSigned(byGpg)).toEqual({ text: TEXT, signed: true });
});

test('both gpg and this program refuse a changed byte', async () => {
  const signed = await signManifest(TEXT, signer, PUBLISHED);
  const changed = signed.replace('49384', '49385');
  await expect(gnupg.verify(changed)).rejects.toThrow(/BADSIG/);
  await expect(verifyManifest(changed, [signer.publicKey], 'm')).rejects.toThrow(
    /^m: the signature by key .* is bad/,
  );
});

test('a signature is never older than its key', async () => {
  const signed = await signManifest(TEXT, signer, new Date('2020-01-01T00:00:00Z'));
  expect(await gnupg.verify(signed)).toMatch(/VALIDSIG .* 2026-01-01 /);
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
  expect(() => splitSigned(change(signed), 'm')).toThrow(/^m: /);
});

test('refuses a detached signature of bytes and two signatures at once', async () => {
  const args = await gnupg.newKey('ed25519', 'binary');
  const detached = await gnupg.run(['--armor', '--detach-sign', '-o', '-'], TEXT, args);
  const publicKey = await gnupg.run(['--armor', '--export', 'binary'], '');
  const forged = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${TEXT}\n${detached}`;
  await expect(verifyManifest(forged, [publicKey])).rejects.toThrow(/expected one (text )?signature/);
  const twice = await gnupg.run(['--clearsign', '-o', '-'], TEXT, [
    ...args,
    ...(await gnupg.newKey('ed25519', 'second')),
  ]);
  await expect(verifyManifest(twice, [publicKey])).rejects.toThrow(/expected one (text )?signature/);
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

test('rejects a revoked key, and accepts signatures from before their key expired', async () => {
  const pair = await makeKey({ name: 'Lost', date: KEY_DATE });
  const signed = await signManifest(TEXT, await signerOf(pair.privateKey), PUBLISHED);
  await expect(verifyManifest(signed, [pair.publicKey])).resolves.toMatchObject({ text: TEXT });
  const revoked = await revokeKey({
    key: await readPrivateKey({ armoredKey: pair.privateKey }),
    format: 'armored',
  });
  await expect(verifyManifest(signed, [revoked.publicKey])).rejects.toThrow(/, which is revoked$/);
  const time = ['--faked-system-time', '20250101T000000'];
  await gnupg.run([...time, '--passphrase', '', '--quick-gen-key', 'brief', 'ed25519', 'sign', '1m'], '');
  const early = await gnupg.run([...time, '-u', 'brief', '--clearsign', '-o', '-'], TEXT);
  const publicKey = await gnupg.run(['--armor', '--export', 'brief'], '');
  await expect(verifyManifest(early, [publicKey])).resolves.toMatchObject({ text: TEXT });
});

test('refuses trusted keys that are not keys, or private', async () => {
  const { privateKey } = await makeKey({ name: 'Oops', date: KEY_DATE });
  const signed = await signManifest(TEXT, signer, PUBLISHED);
  await expect(verifyManifest(signed, [privateKey])).rejects.toThrow(
    /expected a public key, found a private one/,
  );
  await expect(verifyManifest(signed, ['garbage'])).rejects.toThrow(/expected an armored public key/);
  await expect(verifyManifest(signed, [])).rejects.toThrow(/no key was given/);
});

async function signerOf(privateKey: string): Promise<Signer> {
  const found = await readSigner({ SIGNING_KEY: privateKey });
  if (!found) throw new Error('no signer');
  return found;
}
