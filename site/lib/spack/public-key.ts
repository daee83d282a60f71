import { readKeys, type PublicKey } from 'openpgp';

/** A key's fingerprint as files are named for it and gpg prints it: upper-case hex. */
export function fingerprintOf(key: PublicKey): string {
  return key.getFingerprint().toUpperCase();
}

const EXPECTED = 'expected an armored public key (`gpg --armor --export`)';

/** openpgp.js reads the first block of a text alone. */
const PUBLIC_KEY_BLOCK = /-----BEGIN PGP PUBLIC KEY BLOCK-----[^]*?-----END PGP PUBLIC KEY BLOCK-----/g;

const publicKeysByText = new Map<string, Promise<PublicKey[]>>();

/**
 * Reads the public keys in a text of one or more armored blocks; each text once, since thousands of manifests
 * ask for the same few.
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

/** What a public key says of itself. */
export interface KeyFacts {
  /** Names and addresses, unproved. */
  users: string[];
  /** `RSA, 4096 bits`, or the curve's name. */
  algorithm: string;
  created: string;
  /** Absent: it does not expire. */
  expires?: string;
}

/** Reads a key; undefined for a file that is not a public key, which the page then says. */
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
