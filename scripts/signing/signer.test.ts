import { readPrivateKey, revokeKey } from 'openpgp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openGnupg, type Gnupg } from '../../tests/world/gnupg.ts';
import { makeKey } from './key.ts';
import { type Signer, readSigner, signManifest } from './signer.ts';
import { verifyManifest } from '../../site/lib/spack/signed-manifest.ts';

const TEXT = '{\n"version":3\n}';
const KEY_DATE = new Date('2026-01-01T00:00:00Z');
const PUBLISHED = new Date('2026-03-04T05:06:07Z');

let gnupg: Gnupg;

beforeAll(async () => {
  gnupg = await openGnupg();
});

afterAll(() => gnupg.close());

test.each<[string, string[], string]>([
  ['RSA', ['rsa2048', 'rsa'], ''],
  ['Ed25519 with a passphrase', ['ed25519', 'protected'], 'open sesame'],
  ['RSA with a passphrase', ['rsa2048', 'rsa-protected'], 'open sesame'],
  ['NIST P-256', ['nistp256', 'nist'], ''],
])('signs with a key exported from gpg: %s', async (_, [algorithm = '', name = ''], passphrase) => {
  await gnupg.newKey(algorithm, name, passphrase);
  const exported = await gnupg.exportSecret(['--export-secret-keys', `=${name}`], passphrase);
  const own = await signerOf(exported, passphrase);
  const stranger = await makeKey({ name: 'Stranger', date: KEY_DATE });
  const signed = await signManifest(TEXT, own, new Date());
  expect(await gnupg.verify(signed)).toContain(`VALIDSIG ${own.fingerprint} `);
  await expect(verifyManifest(signed, [stranger.publicKey, own.publicKey])).resolves.toMatchObject({
    text: TEXT,
  });
});

test('signs with a subkey without its primary key', async () => {
  await gnupg.newKey('rsa2048', 'home', 'open sesame', 'cert');
  const [fingerprint = ''] = await gnupg.fingerprintsOf('home');
  await gnupg.run(
    ['--passphrase', 'open sesame', '--quick-add-key', fingerprint, 'ed25519', 'sign', '1y'],
    '',
  );
  const exported = await gnupg.exportSecret(['--export-secret-subkeys', 'home'], 'open sesame');
  const own = await signerOf(exported, 'open sesame');
  expect(own.fingerprint).toBe(fingerprint);
  const signed = await signManifest(TEXT, own, PUBLISHED);
  expect(await gnupg.verify(signed)).toMatch(
    new RegExp(`VALIDSIG ${(await gnupg.fingerprintsOf('home'))[1]} .* ${fingerprint}`),
  );
  await expect(verifyManifest(signed, [own.publicKey])).resolves.toEqual({
    text: TEXT,
    signedBy: fingerprint,
  });
});

test('says in one sentence why a key cannot sign', async () => {
  await gnupg.newKey('ed25519', 'locked', 'open sesame');
  const locked = await gnupg.exportSecret(['--export-secret-keys', 'locked'], 'open sesame');
  await expect(signerOf(locked, 'open barley')).rejects.toThrow(
    /SIGNING_KEY_PASSPHRASE: this passphrase does not open/,
  );
  await expect(signerOf(locked)).rejects.toThrow(
    /protected by a passphrase; put that into SIGNING_KEY_PASSPHRASE/,
  );
  await expect(signerOf((await makeKey({ name: 'Half', date: KEY_DATE })).publicKey)).rejects.toThrow(
    /expected a private key, found a public one/,
  );
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
  await gnupg.run(
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
  const expired = await gnupg.exportSecret(['--export-secret-keys', 'gone'], '');
  await expect(signerOf(expired)).rejects.toThrow(
    /expired on 2025-0.-..; extend it with gpg, or make a new one/,
  );
  await gnupg.newKey('ed25519', 'certifier', '', 'cert');
  const certifier = await gnupg.exportSecret(['--export-secret-keys', 'certifier'], '');
  await expect(signerOf(certifier)).rejects.toThrow(
    /cannot sign: it needs a valid primary key or subkey for signing/,
  );
});

test.each([undefined, '', ' \n'])('treats an absent or empty key as no key: %j', async (value) => {
  expect(await readSigner({ SIGNING_KEY: value })).toBeUndefined();
});

async function signerOf(privateKey: string, passphrase?: string): Promise<Signer> {
  const found = await readSigner({ SIGNING_KEY: privateKey, SIGNING_KEY_PASSPHRASE: passphrase });
  if (!found) throw new Error('no signer');
  return found;
}
