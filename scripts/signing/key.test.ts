import { readPrivateKey, reformatKey } from 'openpgp';
import { expect, test } from 'vitest';
import { makeKey, mergePublicKey } from './key.ts';
import { readPublicKeys } from '../../site/lib/spack/public-key.ts';

const DATE = new Date('2026-01-01T00:00:00Z');

test('makes a signing-only key that never expires, in the version that gpg reads', async () => {
  const pair = await makeKey({ name: 'A', email: 'a@example.org', date: DATE });
  const [key] = await readPublicKeys(pair.publicKey);
  expect(pair.fingerprint).toMatch(/^[0-9A-F]{40}$/);
  expect(key?.keyPacket.version).toBe(4);
  expect(key?.getAlgorithmInfo()).toMatchObject({ curve: 'ed25519Legacy' });
  expect(key?.getUserIDs()).toEqual(['A <a@example.org>']);
  expect(key?.subkeys).toEqual([]);
  expect(key?.getCreationTime()).toEqual(DATE);
  expect(await key?.getExpirationTime()).toBe(Infinity);
});

test('makes an RSA key of 4096 bits when asked to', async () => {
  const [key] = await readPublicKeys((await makeKey({ name: 'A', date: DATE, type: 'rsa' })).publicKey);
  expect(key?.getAlgorithmInfo()).toMatchObject({ algorithm: 'rsaEncryptSign', bits: 4096 });
});

test('merges a key with the one in the catalog', async () => {
  const pair = await makeKey({ name: 'A', date: DATE });
  const { publicKey: renamed } = await reformatKey({
    privateKey: await readPrivateKey({ armoredKey: pair.privateKey }),
    userIDs: { name: 'B' },
    date: new Date('2026-02-01T00:00:00Z'),
    format: 'armored',
  });
  const merged = await mergePublicKey(pair.publicKey, renamed);
  const [key] = await readPublicKeys(merged);
  expect(key?.getUserIDs().sort()).toEqual(['A', 'B']);
  expect(await mergePublicKey(merged, pair.publicKey)).toBe(merged);
  expect(await mergePublicKey(merged, renamed)).toBe(merged);
  expect(await mergePublicKey(undefined, renamed)).toBe(renamed);
});

test('reads every key in a text of several blocks, and says what it cannot read', async () => {
  const [one, two] = [await makeKey({ name: 'A', date: DATE }), await makeKey({ name: 'B', date: DATE })];
  const found = await readPublicKeys(`keys of two people\n${one.publicKey}\n${two.publicKey}`);
  expect(found.map((key) => key.getUserIDs())).toEqual([['A'], ['B']]);
  await expect(mergePublicKey(undefined, one.publicKey + two.publicKey)).rejects.toThrow(
    /one public key, found 2/,
  );
  await expect(readPublicKeys(one.publicKey.replace(/\n\n..../, '\n\n****'))).rejects.toThrow(
    /found a damaged one/,
  );
  await expect(readPublicKeys('')).rejects.toThrow(/found something else/);
});
