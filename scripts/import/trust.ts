import type { Imported } from '../../site/schemas/build.ts';
import { splitSigned, verifyManifest } from '../../site/lib/spack/signed-manifest.ts';

/** Requirements for the signatures of a source. */
export interface Trust {
  /** Armored public keys. Empty: no signature is checked. */
  keys: readonly string[];
  /** Whether, if there are keys, unsigned builds are accepted, too. */
  unsigned: boolean;
}

/** A text without its signature, and the state of the signature. */
export interface CheckedText {
  text: string;
  signature: Imported['signature'];
  key?: string | undefined;
}

/** Removes a signature, and checks it if there are keys. Throws when it does not meet the requirements. */
export async function checkSignature(
  signed: string,
  { keys, unsigned }: Trust,
  where: string,
): Promise<CheckedText> {
  const split = splitSigned(signed, where);
  if (keys.length === 0) return { text: split.text, signature: split.signed ? 'unchecked' : 'none' };
  if (!split.signed && unsigned) return { text: split.text, signature: 'none' };
  const { text, signedBy } = await verifyManifest(signed, [...keys], where);
  return { text, signature: 'verified', key: signedBy };
}

/** The result for a source without signatures; throws when signatures are required. */
export function unsignedOnly({ keys, unsigned }: Trust, where: string): { signature: 'none' } {
  if (keys.length === 0 || unsigned) return { signature: 'none' };
  throw new Error(`${where}: expected a signature by a trusted key, found none; add --unsigned to accept it`);
}
