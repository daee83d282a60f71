import { readKeys, type PublicKey } from 'openpgp';

/** Fingerprint of a key in upper-case hex, as in file names and in the output of gpg. */
export function fingerprintOf(key: PublicKey): string {
  return key.getFingerprint().toUpperCase();
}

const EXPECTED = 'expected an armored public key (`gpg --armor --export`)';

/** Needed because openpgp.js reads only the first block of a text. */
const PUBLIC_KEY_BLOCK = /-----BEGIN PGP PUBLIC KEY BLOCK-----[^]*?-----END PGP PUBLIC KEY BLOCK-----/g;

const publicKeysByText = new Map<string, Promise<PublicKey[]>>();

/**
 * Reads the public keys in a text of one or more armored blocks. Results are cached,
 * because thousands of manifests use the same few keys.
 */
export function readPublicKeys(armored: string): Promise<PublicKey[]> {
  const parsed = publicKeysByText.get(armored);
  if (parsed) return parsed;
  const keys = parsePublicKeys(armored);
  publicKeysByText.set(armored, keys);
  return keys;
}

async function parsePublicKeys(armored: string): Promise<PublicKey[]> {
  if (armored.includes('-----BEGIN PGP PRIVATE KEY BLOCK-----')) {
    throw new Error(
      'expected a public key, found a private one: keep that secret, and export the public key',
    );
  }
  const blocks = armored.match(PUBLIC_KEY_BLOCK) ?? [];
  const keys = await Promise.all(blocks.map((armoredKeys) => readKeys({ armoredKeys }))).catch(
    (cause: unknown) => {
      throw new Error(`${EXPECTED}, found a damaged one`, { cause });
    },
  );
  if (blocks.length === 0) throw new Error(`${EXPECTED}, found something else`);
  return keys.flat();
}

/** Details of a public key, as stated in the key. */
export interface KeyFacts {
  /** Names and e-mail addresses, not verified. */
  users: string[];
  /** `RSA, 4096 bits`, or the curve's name. */
  algorithm: string;
  created: string;
  /** Date of expiry. Absent: it does not expire. */
  expires?: string;
}

/** Reads a key. Undefined: the file is not a public key, as the page then shows. */
export async function readKeyFacts(armored: string): Promise<KeyFacts | undefined> {
  const [key] = await readPublicKeys(armored).catch(() => []);
  if (!key) return undefined;
  const { algorithm, bits, curve } = key.getAlgorithmInfo();
  const expiry = await key.getExpirationTime();
  return {
    users: key.getUserIDs(),
    algorithm:
      curve?.replace(/Legacy$/, '') ?? `${/^rsa/i.test(algorithm) ? 'RSA' : algorithm}, ${bits} bits`,
    created: key.getCreationTime().toISOString(),
    ...(expiry instanceof Date ? { expires: expiry.toISOString() } : {}),
  };
}
