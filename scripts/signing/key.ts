import { generateKey, readKey, type PublicKey } from 'openpgp';
import { fingerprintOf, readPublicKeys } from '../../site/lib/spack/public-key.ts';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readIfThere, replaceFile } from '../cli/files.ts';

/** Bits of an RSA key, as in `spack gpg create`. */
const RSA_BITS = 4096;

/** Key types. `rsa` is for clients whose gpg lacks Ed25519 (FIPS mode, gpg 2.0); its signatures cost more. */
export const KEY_TYPES = ['ed25519', 'rsa'] as const;

export type KeyType = (typeof KEY_TYPES)[number];

export interface KeyRequest {
  /** Name of the signer, shown by `spack gpg list`. */
  name: string;
  email?: string | undefined;
  /** Creation time of the key; signatures cannot be older. */
  date: Date;
  /** Type of the key (default: Ed25519). */
  type?: KeyType | undefined;
}

/** A new key pair. */
export interface KeyPair {
  /** Upper-case hex. */
  fingerprint: string;
  /** Armored. */
  publicKey: string;
  /** Armored, without a passphrase, for a secret store. */
  privateKey: string;
}

/** Makes a signing-only key that never expires, in the format (version 4) that gpg 2.1 and newer can read. */
export async function makeKey({ name, email, date, type = 'ed25519' }: KeyRequest): Promise<KeyPair> {
  const { publicKey, privateKey } = await generateKey({
    ...(type === 'rsa' ? { type, rsaBits: RSA_BITS } : { type: 'ecc', curve: 'ed25519Legacy' }),
    userIDs: { name, ...(email ? { email } : {}) },
    subkeys: [],
    date,
    format: 'armored',
    // Turns off a notation that only openpgp.js knows.
    config: { nonDeterministicSignaturesViaNotation: false },
  });
  return {
    fingerprint: fingerprintOf(await readKey({ armoredKey: publicKey })),
    publicKey: publicKey.replaceAll('\r\n', '\n'),
    privateKey: privateKey.replaceAll('\r\n', '\n'),
  };
}

/**
 * Merges an armored key with the one in the catalog, if any, so that neither a new expiry date nor a
 * revocation is lost. Returns the text unchanged when nothing is new. Throws for a revoked key.
 */
export async function mergePublicKey(current: string | undefined, added: string): Promise<string> {
  const key = await onlyKey(added);
  const merged = current === undefined ? key : await (await onlyKey(current)).update(key);
  if (await merged.isRevoked()) {
    throw new Error(`key ${fingerprintOf(merged)} is revoked; make a new one with \`node scripts/key.ts\``);
  }
  if (current !== undefined && merged.armor() === (await onlyKey(current)).armor()) return current;
  return current === undefined ? added : merged.armor();
}

async function onlyKey(armored: string): Promise<PublicKey> {
  const [key, ...others] = await readPublicKeys(armored);
  if (!key || others.length > 0) {
    throw new Error(`expected one public key, found ${others.length + (key ? 1 : 0)}; export one alone`);
  }
  return key;
}

/** Instructions for a new key; `out` is the file of the private key, `-` for standard output. */
export function describeNewKey(key: { fingerprint: string; catalog: string; out: string }): string {
  const file = key.out === '-' ? 'FILE' : key.out;
  return `Made key ${key.fingerprint}.
  public key:  ${key.catalog}/keys/${key.fingerprint}.asc (commit it)
  private key: ${key.out === '-' ? 'standard output' : `${key.out} (never commit it)`}

Store the private key as the secret SIGNING_KEY of your repository, in one of two ways:
  gh secret set SIGNING_KEY < ${file}
  or on the web: Settings > Secrets and variables > Actions > New repository secret,
  name SIGNING_KEY, value: the whole text, with its BEGIN and END lines.
A secret cannot be read back: keep a copy in a safe place, such as a password manager, then delete the file.

From now on publish signs what it adds. To sign what is there already:
  SIGNING_KEY="$(cat ${file})" node scripts/sign.ts

To replace a key: make a new one, commit its public key, let clients run
\`spack buildcache keys --install --trust\` again (both keys are valid side by side), store the new secret,
run \`node scripts/sign.ts --all\` with it, and finally delete the old file in ${key.catalog}/keys/.`;
}

/**
 * Adds a public key to a catalog as `keys/<FINGERPRINT>.asc`. Returns its fingerprint and whether a file was
 * written; writes none when the catalog already has the whole key.
 */
export async function writePublicKey(
  catalog: string,
  armored: string,
): Promise<{ fingerprint: string; written: boolean }> {
  const [key] = await readPublicKeys(armored);
  const fingerprint = key ? fingerprintOf(key) : '';
  const path = join(catalog, 'keys', `${fingerprint}.asc`);
  const current = readIfThere(path)?.toString('utf8');
  const text = await mergePublicKey(current, armored).catch((cause: unknown) => {
    throw new Error(`${path}: this public key cannot be imported`, { cause });
  });
  if (text === current) return { fingerprint, written: false };
  await mkdir(dirname(path), { recursive: true });
  replaceFile(path, text, { flush: true });
  return { fingerprint, written: true };
}

/** Writes a private key to a new file that only its owner may read. */
export async function writePrivateKey(path: string, armored: string): Promise<void> {
  await writeFile(path, armored, { mode: 0o600, flag: 'wx' }).catch((cause: unknown) => {
    throw new Error(`${path}: expected to create a new file for the private key; name another with --out`, {
      cause,
    });
  });
}
