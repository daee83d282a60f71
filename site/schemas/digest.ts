import type { z } from 'zod';
import { Text } from './values.ts';

/** 64 lower-case hex digits of a sha256, as Spack's v3 records write it (no prefix). */
export const Sha256 = Text.regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits');
export type Sha256 = z.infer<typeof Sha256>;

/** An OCI digest, `sha256:<64 hex digits>`; other algorithms are not used here. */
export const Digest = Text.regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256:<64 hex digits>');
export type Digest = z.infer<typeof Digest>;

export const DAG_HASH = /^[a-z2-7]{32}$/;
/** A Spack DAG hash: 32 characters of lower-case base32 (SHA-1). */
export const DagHash = Text.regex(DAG_HASH, 'expected a DAG hash: 32 characters of a-z and 2-7');
export type DagHash = z.infer<typeof DagHash>;

/** The hex part of an OCI digest. */
export function hexOf(digest: Digest): Sha256 {
  return digest.slice('sha256:'.length);
}

/** The OCI digest of a sha256 in hex. */
export function digestFrom(hex: Sha256): Digest {
  return `sha256:${hex}`;
}

/** Path of a blob in a v3 mirror, relative to its root: `blobs/sha256/ab/abcd…`. */
export function mirrorBlobPath(digest: Digest): string {
  const hex = hexOf(digest);
  return `blobs/sha256/${hex.slice(0, 2)}/${hex}`;
}
