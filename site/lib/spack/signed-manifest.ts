import {
  createMessage,
  enums,
  readSignature,
  verify,
  type Message,
  type MaybeStream,
  type Signature,
  type SignaturePacket,
} from 'openpgp';
import { LINE_LIMIT_CHARACTERS } from '../../schemas/mirror-manifest.ts';
import { fingerprintOf, readPublicKeys } from './public-key.ts';

/** Text of a manifest, and whether it has a signature. The signature has not been verified. */
export interface SplitManifest {
  text: string;
  signed: boolean;
}

/** Facts proved by a valid signature. */
export interface VerifiedManifest {
  /** Exactly the text that the signature covers. */
  text: string;
  /** Fingerprint of the primary key in upper-case hex. The signature itself may be by a subkey. */
  signedBy: string;
}

const BEGIN_SIGNED = '-----BEGIN PGP SIGNED MESSAGE-----';

/**
 * A clear-signed file in the form that gpg writes, with nothing before, between or
 * after its parts. Spack finds the text with `^-----BEGIN PGP SIGNED
 * MESSAGE-----\s+Hash:\s+[^\s]+\s+(.+)-----BEGIN PGP SIGNATURE-----`, gpg by its own
 * rules; this form is strict enough that both, and this program, find the same text.
 */
const SIGNED_HEAD = /^-----BEGIN PGP SIGNED MESSAGE-----\nHash: ([A-Z0-9]+)\n\n/;
const BEGIN_SIGNATURE = '\n-----BEGIN PGP SIGNATURE-----\n';
const SIGNATURE =
  /^\n(-----BEGIN PGP SIGNATURE-----\n(?:(?:Version|Comment): [ -~]*\n)*\n[A-Za-z0-9+/=\n]+\n-----END PGP SIGNATURE-----)\n?$/;

/** Armor delimiters of five dashes in a clear-signed file: two around each of its three lines. */
const DELIMITERS = 6;

/**
 * Removes the signature of a manifest without checking it; `where` names the manifest in errors.
 * Throws if it looks signed but is not exactly in gpg's form.
 */
export function splitSigned(manifest: string, where = 'manifest'): SplitManifest {
  if (!manifest.includes(BEGIN_SIGNED)) return { text: manifest, signed: false };
  return { text: parseSigned(manifest, where).text, signed: true };
}

/**
 * Verifies a clear-signed manifest with public keys (each armored text may have several). At least one of
 * them must have signed it; otherwise it throws one sentence. A key that expired later still proves what it
 * signed before; a revoked key proves nothing.
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
  const { signature, packet } = await readOneSignature(armoredSignature, where);
  if (!isClearSignature(packet, hash)) {
    throw new Error(`${where}: expected one text signature with ${hash}, found something else`);
  }
  // Verified as a detached signature of the returned text, so that no second parser has to find the text.
  const message = await createMessage({ text });
  return { text, signedBy: await proveSigner({ message, signature, packet }, publicKeysArmored, where) };
}

/** Verifies a detached signature of a file with public keys, like `verifyManifest`. */
export async function verifyDetached(
  text: string,
  armoredSignature: string,
  publicKeysArmored: string[],
  where: string,
): Promise<void> {
  const read = await readOneSignature(armoredSignature, where);
  const message = await createMessage({ binary: Buffer.from(text) });
  await proveSigner({ message, ...read }, publicKeysArmored, where);
}

async function readOneSignature(
  armoredSignature: string,
  where: string,
): Promise<{ signature: Signature; packet: SignaturePacket }> {
  const signature = await readSignature({ armoredSignature }).catch((cause: unknown) => {
    throw new Error(`${where}: the signature cannot be read`, { cause });
  });
  const [packet] = signature.packets;
  if (signature.packets.length !== 1 || !packet)
    throw new Error(`${where}: expected one signature, found ${signature.packets.length}`);
  return { signature, packet };
}

/** Returns the fingerprint of the key that made a signature. Throws unless it is good, by one of the keys. */
async function proveSigner(
  {
    message,
    signature,
    packet,
  }: { message: Message<MaybeStream<string | Uint8Array>>; signature: Signature; packet: SignaturePacket },
  publicKeysArmored: string[],
  where: string,
): Promise<string> {
  const keys = (await Promise.all(publicKeysArmored.map(readPublicKeys))).flat();
  const key = keys.find((candidate) => candidate.getKeys(packet.issuerKeyID).length > 0);
  if (!key) {
    throw new Error(
      `${where}: signed by key ${packet.issuerKeyID.toHex().toUpperCase()}, expected one of: ` +
        (keys.map(fingerprintOf).join(', ') || 'no key was given'),
    );
  }
  if (await key.isRevoked())
    throw new Error(`${where}: signed by key ${fingerprintOf(key)}, which is revoked`);
  const result = await verify({ message, signature, verificationKeys: key });
  try {
    await result.signatures[0]?.verified;
  } catch (cause) {
    throw new Error(`${where}: the signature by key ${fingerprintOf(key)} is bad: do not use this file`, {
      cause,
    });
  }
  return fingerprintOf(key);
}

function parseSigned(
  manifest: string,
  where: string,
): { hash: string; text: string; armoredSignature: string } {
  const [head = '', hash] = SIGNED_HEAD.exec(manifest) ?? [];
  const end = manifest.lastIndexOf(BEGIN_SIGNATURE);
  const text = manifest.slice(head.length, Math.max(end, head.length));
  const [, armoredSignature] = SIGNATURE.exec(manifest.slice(end)) ?? [];
  if (!hash || !text || !armoredSignature || manifest.split('-----').length !== DELIMITERS + 1) {
    throw new Error(
      `${where}: expected a manifest clear-signed by gpg and nothing around it, found another form`,
    );
  }
  refuseUnsafe(text, where);
  return { hash, text, armoredSignature };
}

/**
 * Rejects text that gpg would change, escape or cut, so that the signed text would differ from the original.
 */
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

/**
 * Whether a packet has the form of `gpg --clearsign`: a text signature with the digest named in the header.
 */
function isClearSignature(packet: SignaturePacket, hash: string): boolean {
  return (
    packet.signatureType === enums.signature.text &&
    packet.hashAlgorithm !== null &&
    enums.read(enums.hash, packet.hashAlgorithm).toUpperCase() === hash
  );
}
