import {
  type KeyID,
  type PrivateKey,
  type SignOptions,
  type SignaturePacket,
  type Subkey,
  createCleartextMessage,
  createMessage,
  decryptKey,
  readPrivateKeys,
  sign,
} from 'openpgp';
import { fingerprintOf } from '../../site/lib/spack/public-key.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { refuseUnsafe } from '../../site/lib/spack/signed-manifest.ts';

/** A private key that is ready to sign, with its public properties. */
export interface Signer {
  /** Fingerprint of the primary key, upper-case hex. */
  fingerprint: string;
  /** Armored public key. */
  publicKey: string;
  /** Start of the key's validity: gpg refuses a signature older than its key. */
  notBefore: Date;
  key: PrivateKey;
  /** The key or subkey that signs. */
  keyId: KeyID;
}

/**
 * Reads SIGNING_KEY (an armored private key) and SIGNING_KEY_PASSPHRASE; undefined when there is no key or it
 * is empty, which is how workflows pass a missing secret. Throws one sentence when the key cannot sign now.
 */
export async function readSigner(environment: ProcessEnvironment): Promise<Signer | undefined> {
  const armored = environment['SIGNING_KEY']?.trim();
  if (!armored) return undefined;
  const locked = await parsePrivateKey(armored);
  const signing = await findSigningKey(locked);
  const key = await unlock(locked, signing.getKeyID(), environment['SIGNING_KEY_PASSPHRASE']);
  return {
    fingerprint: fingerprintOf(key),
    publicKey: key.toPublic().armor(),
    notBefore: await firstDay(key, signing),
    key,
    keyId: signing.getKeyID(),
  };
}

async function parsePrivateKey(armored: string): Promise<PrivateKey> {
  if (armored.includes('-----BEGIN PGP PUBLIC KEY BLOCK-----')) {
    throw new Error(
      'SIGNING_KEY: expected a private key, found a public one; export it with `gpg --armor --export-secret-keys ID`',
    );
  }
  // openpgp.js reads only the first block of a text.
  const blocks = armored.split('-----BEGIN PGP PRIVATE KEY BLOCK-----').length - 1;
  const keys = await readPrivateKeys({ armoredKeys: armored }).catch((cause: unknown) => {
    throw new Error(
      'SIGNING_KEY: expected an armored private key from "-----BEGIN PGP PRIVATE KEY BLOCK-----" to its END line, ' +
        'found something else',
      { cause },
    );
  });
  const [key] = keys;
  if (!key || keys.length > 1 || blocks > 1) {
    throw new Error(
      `SIGNING_KEY: expected one private key, found ${Math.max(keys.length, blocks)}; export one alone`,
    );
  }
  return key;
}

async function findSigningKey(key: PrivateKey): Promise<PrivateKey | Subkey> {
  const name = `SIGNING_KEY: key ${fingerprintOf(key)}`;
  const next = 'make a new one with `node scripts/key.ts`';
  if (await key.isRevoked()) throw new Error(`${name} is revoked; ${next}`);
  const expires = await key.getExpirationTime();
  if (expires instanceof Date && expires <= new Date()) {
    throw new Error(
      `${name} expired on ${expires.toISOString().slice(0, 10)}; extend it with gpg, or ${next}`,
    );
  }
  const signing = await key.getSigningKey().catch((cause: unknown) => {
    throw new Error(`${name} cannot sign: it needs a valid primary key or subkey for signing; ${next}`, {
      cause,
    });
  });
  return signing === key ? key : signing;
}

/** Decrypts the signing key. If only subkeys were exported, the primary key is a stub and remains one. */
async function unlock(key: PrivateKey, keyId: KeyID, passphrase: string | undefined): Promise<PrivateKey> {
  if (isReady(key, keyId)) return key;
  if (!passphrase) {
    throw new Error(
      'SIGNING_KEY: the key is protected by a passphrase; put that into SIGNING_KEY_PASSPHRASE, ' +
        'or export the key without its primary key being a stub',
    );
  }
  const unlocked = await decryptKey({ privateKey: key, passphrase }).catch((cause: unknown) => {
    throw new Error('SIGNING_KEY_PASSPHRASE: this passphrase does not open the key in SIGNING_KEY', {
      cause,
    });
  });
  if (isReady(unlocked, keyId)) return unlocked;
  throw new Error('SIGNING_KEY: the private part of the signing key is missing; export it again');
}

function isReady(key: PrivateKey, keyId: KeyID): boolean {
  return key.getKeys(keyId).some(({ keyPacket }) => 'isDecrypted' in keyPacket && keyPacket.isDecrypted());
}

/** Earliest time at which the key, its user ID's certificate and the signing subkey's binding all existed. */
async function firstDay(key: PrivateKey, signing: PrivateKey | Subkey): Promise<Date> {
  const { selfCertification } = await key.getPrimaryUser();
  const signatures: SignaturePacket[] = [selfCertification];
  if ('bindingSignatures' in signing) signatures.push(...signing.bindingSignatures);
  const moments = [
    key.getCreationTime(),
    signing.getCreationTime(),
    ...signatures.map(({ created }) => created),
  ];
  return new Date(Math.max(...moments.map((moment) => moment?.getTime() ?? 0)));
}

/**
 * Clear-signs a manifest in a form that `gpg --verify` and Spack accept. The same text, key and date give the
 * same bytes (with Ed25519 and RSA keys). The signature is dated `date`, or the key's creation date if that
 * is later: gpg refuses signatures older than their key. Throws for text that clear-signing would change.
 */
export async function signManifest(manifestText: string, signer: Signer, date: Date): Promise<string> {
  refuseUnsafe(manifestText, 'the text to sign');
  return signWith(signer, { message: await createCleartextMessage({ text: manifestText }), date });
}

/** The detached signature of bytes, dated like that of `signManifest`. */
export async function signDetached(bytes: Uint8Array, signer: Signer, date: Date): Promise<string> {
  return signWith(signer, { message: await createMessage({ binary: bytes }), detached: true, date });
}

async function signWith(
  { key, keyId, notBefore }: Signer,
  { date, ...content }: Pick<SignOptions, 'message' | 'detached'> & { date: Date },
): Promise<string> {
  const signed = await sign({
    ...content,
    signingKeys: key,
    signingKeyIDs: keyId,
    date: date < notBefore ? notBefore : date,
    // Turns off a random salt, which would make each signature different.
    config: { nonDeterministicSignaturesViaNotation: false },
  });
  return signed.replaceAll('\r\n', '\n');
}
