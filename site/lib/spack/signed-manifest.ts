import { createMessage, enums, readSignature, verify, type SignaturePacket } from 'openpgp';
import { LINE_LIMIT_CHARACTERS } from '../../schemas/mirror-manifest.ts';
import { fingerprintOf, readPublicKeys } from './public-key.ts';

/** A manifest's text and whether a signature is around it; nothing is said about whose, or whether it is good. */
export interface SplitManifest {
  text: string;
  signed: boolean;
}

/** What a good signature proves. */
export interface VerifiedManifest {
  /** Exactly the text that the signature covers. */
  text: string;
  /** Fingerprint of the primary key, upper-case hex; the signature itself may be a subkey's. */
  signedBy: string;
}

const BEGIN_SIGNED = '-----BEGIN PGP SIGNED MESSAGE-----';

/**
 * A clear-signed file as gpg writes it, and nothing before, between or after it. Spack looks for the text with
 * `^-----BEGIN PGP SIGNED MESSAGE-----\s+Hash:\s+[^\s]+\s+(.+)-----BEGIN PGP SIGNATURE-----`, gpg by its own rules;
 * this form is narrow enough that both, and this program, find the same text.
 */
const CLEAR_SIGNED =
  /^-----BEGIN PGP SIGNED MESSAGE-----\nHash: ([A-Z0-9]+)\n\n([^]+)\n(-----BEGIN PGP SIGNATURE-----\n(?:(?:Version|Comment): [ -~]*\n)*\n[A-Za-z0-9+/=\n]+\n-----END PGP SIGNATURE-----)\n?$/;

/** Armor delimiters of five dashes in a clear-signed file: two around each of its three lines. */
const DELIMITERS = 6;

/**
 * Takes the signature off a manifest without checking it; `where` names it in errors.
 * Throws for what looks signed and is not exactly what gpg writes.
 */
export function splitSigned(manifest: string, where = 'manifest'): SplitManifest {
  if (!manifest.includes(BEGIN_SIGNED)) return { text: manifest, signed: false };
  return { text: parseSigned(manifest, where).text, signed: true };
}

/**
 * Checks a clear-signed manifest against public keys (each armored text may hold several), at least one of which
 * must have signed it; throws one sentence otherwise. A key that expired later still proves what it signed before;
 * a revoked key proves nothing.
 */
export async function verifyManifest(
  signedText: string,
  publicKeysArmored: string[],
  where = 'manifest',
): Promise<VerifiedManifest> {
  if (!signedText.includes(BEGIN_SIGNED)) {
    throw new Error(
      `${where}: expected a signature by a trusted key, found none; sign it, or do not require signatures`,
    );
  }
  const { hash, text, armoredSignature } = parseSigned(signedText, where);
  const keys = (await Promise.all(publicKeysArmored.map(readPublicKeys))).flat();
  const signature = await readSignature({ armoredSignature }).catch((cause: unknown) => {
    throw new Error(`${where}: the signature cannot be read`, { cause });
  });
  const [packet] = signature.packets;
  if (signature.packets.length !== 1 || !packet || !isClearSignature(packet, hash)) {
    throw new Error(`${where}: expected one text signature with ${hash}, found something else`);
  }
  const key = keys.find((candidate) => candidate.getKeys(packet.issuerKeyID).length > 0);
  if (!key) {
    throw new Error(
      `${where}: signed by key ${packet.issuerKeyID.toHex().toUpperCase()}, expected one of: ` +
        (keys.map(fingerprintOf).join(', ') || 'no key was given'),
    );
  }
  if (await key.isRevoked())
    throw new Error(`${where}: signed by key ${fingerprintOf(key)}, which is revoked`);
  // Verified detached, over the very text that is returned: no second parser has to find the text again.
  const result = await verify({ message: await createMessage({ text }), signature, verificationKeys: key });
  try {
    await result.signatures[0]?.verified;
  } catch (cause) {
    throw new Error(`${where}: the signature by key ${fingerprintOf(key)} is bad: do not use this file`, {
      cause,
    });
  }
  return { text, signedBy: fingerprintOf(key) };
}

function parseSigned(
  manifest: string,
  where: string,
): { hash: string; text: string; armoredSignature: string } {
  const [, hash, text, armoredSignature] = CLEAR_SIGNED.exec(manifest) ?? [];
  if (!hash || !text || !armoredSignature || manifest.split('-----').length !== DELIMITERS + 1) {
    throw new Error(
      `${where}: expected a manifest clear-signed by gpg and nothing around it, found another form`,
    );
  }
  refuseUnsafe(text, where);
  return { hash, text, armoredSignature };
}

/** Refuses text that gpg would change, escape or cut: what is signed would not be what was written. */
export function refuseUnsafe(text: string, where: string): void {
  if (text === '') throw new Error(`${where}: expected a manifest, found an empty text`);
  for (const [index, line] of text.split('\n').entries()) {
    const fault = faultOf(line);
    if (fault) throw new Error(`${where}: line ${index + 1} ${fault}, which a signed manifest cannot hold`);
  }
}

function faultOf(line: string): string | undefined {
  if (line.length > LINE_LIMIT_CHARACTERS) return `has more than ${LINE_LIMIT_CHARACTERS} characters`;
  if (line.startsWith('-') || line.startsWith('From ')) return 'begins with "-" or "From "';
  if (line.endsWith(' ')) return 'ends with a space';
  if (!/^[ -~]*$/.test(line)) return 'has a character other than printable ASCII';
  return undefined;
}

/** Whether a packet is what `gpg --clearsign` makes: a signature of text with the digest that the header names. */
function isClearSignature(packet: SignaturePacket, hash: string): boolean {
  return (
    packet.signatureType === enums.signature.text &&
    packet.hashAlgorithm !== null &&
    enums.read(enums.hash, packet.hashAlgorithm).toUpperCase() === hash
  );
}
