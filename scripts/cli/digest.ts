import { hash } from 'node:crypto';
import type { Blob } from '../../site/schemas/build.ts';
import { digestFrom } from '../../site/schemas/digest.ts';
import type { Digest } from '../../site/schemas/digest.ts';

/** The digest of bytes, or of a text in UTF-8. */
export function digestOf(bytes: string | Uint8Array): Digest {
  return digestFrom(hash('sha256', bytes));
}

/** Digest and size of bytes. */
export function blobOf(bytes: Uint8Array): Blob {
  return { digest: digestOf(bytes), size: bytes.length };
}
