import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Blob } from '../../site/schemas/build.ts';
import { digestFrom, type Digest } from '../../site/schemas/digest.ts';

/** The digest of bytes, or of a text in UTF-8. */
export function digestOf(bytes: string | Uint8Array): Digest {
  return digestFrom(hash('sha256', bytes));
}

/** Digest and size of bytes, or of a text in UTF-8. */
export function blobOf(bytes: string | Uint8Array): Blob {
  return { digest: digestOf(bytes), size: Buffer.byteLength(bytes) };
}

/** Digest and size of a file. */
export async function blobOfFile(path: string): Promise<Blob> {
  const sum = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(path)) {
    const bytes = Buffer.from(chunk);
    sum.update(bytes);
    size += bytes.length;
  }
  return { digest: digestFrom(sum.digest('hex')), size };
}
