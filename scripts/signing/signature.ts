import { createCleartextMessage, sign } from 'openpgp';
import { refuseUnsafe } from '../../site/lib/spack/signed-manifest.ts';
import type { Signer } from './signer.ts';

export { splitSigned, verifyManifest } from '../../site/lib/spack/signed-manifest.ts';
export { readSigner } from './signer.ts';
export type { Signer } from './signer.ts';

/**
 * Clear-signs a manifest in a form that `gpg --verify` and Spack accept. The same text, key and date give the
 * same bytes (with Ed25519 and RSA keys). The signature is dated `date`, or the key's creation date if that
 * is later: gpg refuses signatures older than their key. Throws for text that clear-signing would change.
 */
export async function signManifest(manifestText: string, signer: Signer, date: Date): Promise<string> {
  refuseUnsafe(manifestText, 'the text to sign');
  const signed = await sign({
    message: await createCleartextMessage({ text: manifestText }),
    signingKeys: signer.key,
    signingKeyIDs: signer.keyId,
    date: date < signer.notBefore ? signer.notBefore : date,
    // Turns off a random salt, which would make each signature different.
    config: { nonDeterministicSignaturesViaNotation: false },
  });
  return signed.replaceAll('\r\n', '\n');
}
