import type { Imported } from '../../site/schemas/build.ts';
import { splitSigned, verifyManifest } from '../signing/signature.ts';

/** What is asked of the signatures of a source. */
export interface Trust {
  /** Armored public keys. None: no signature is checked. */
  keys: readonly string[];
  /** Whether what no key signed is taken too, when there are keys. */
  unsigned: boolean;
}

/** A text without its signature, and what is known of that. */
export interface CheckedText {
  text: string;
  signature: Imported['signature'];
  key?: string | undefined;
}

/** Takes a signature off, and checks it where there are keys to check it with. Throws when it is not as asked. */
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

/** What a source that knows no signatures gives; throws where signatures were asked for. */
export function unsignedOnly({ keys, unsigned }: Trust, where: string): { signature: 'none' } {
  if (keys.length === 0 || unsigned) return { signature: 'none' };
  throw new Error(
    `${where}: expected a signature by a trusted key, found none; add --unsigned to take it as it is`,
  );
}
