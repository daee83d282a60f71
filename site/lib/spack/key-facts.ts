import type { PublicKey } from '../catalog/site-catalog.ts';
import { readPublicKeys } from './public-key.ts';

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
export async function readKeyFacts({ armored }: PublicKey): Promise<KeyFacts | undefined> {
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
