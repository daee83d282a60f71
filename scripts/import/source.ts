import type { Blob, Imported } from '../../site/schemas/build.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import type { RemoteReference } from '../oci/registry.ts';
import { splitSigned, verifyManifest } from '../../site/lib/spack/signed-manifest.ts';

/** A build that a source lists. Small, since a source may have a hundred thousand. */
export interface SourceBuild {
  name: string;
  version: string;
  hash: DagHash;
  target: string;
  /** Hashes of its run-time dependencies, without externals, as far as the source states them. */
  needs: DagHash[];
  /** Possible places of its files, in the source's own terms, most likely first. */
  places: string[];
}

/** A build's spec file, and a way to fetch its tarball. */
export interface SourceSpec {
  /** The file that it was read from, for messages. */
  where: string;
  /** The text at the source, uncompressed. */
  specText: string;
  signature: Imported['signature'];
  /** Fingerprint of the key whose signature was verified. */
  key?: string | undefined;
  /** Bytes of the tarball, if the source states them. */
  size?: number | undefined;
  /** Writes the tarball to a folder and checks it against the facts at the source. */
  fetchTarball(folder: string): Promise<FetchedTarball>;
}

/** A tarball on disk. */
export interface FetchedTarball {
  path: string;
  blob: Blob;
  /** The repository that has the same blob. */
  repository?: RemoteReference | undefined;
  /** One sentence about a conversion from one of Spack's older forms. */
  converted?: string | undefined;
}

/** An existing cache. */
export interface Source {
  /** Its address without a login, as the catalog records it. */
  readonly address: string;
  list(): Promise<SourceList>;
  /** Reads the spec file of a build. Throws one sentence when it is missing or invalid. */
  read(build: SourceBuild): Promise<SourceSpec>;
}

/** The builds of a source. */
export interface SourceList {
  builds: SourceBuild[];
  /** Entries that cannot be builds, each with a sentence that says why. */
  unmatched: string[];
}

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
