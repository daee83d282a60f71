import { createHash, hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
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

/** Digest and size of bytes that pass by. */
export class Meter {
  readonly #hash = createHash('sha256');
  size = 0;

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.size += bytes.length;
  }

  /** Ends the measurement. */
  blob(): Blob {
    return { digest: digestFrom(this.#hash.digest('hex')), size: this.size };
  }
}

/** Digest and size of a file. */
export async function blobOfFile(path: string): Promise<Blob> {
  const meter = new Meter();
  for await (const chunk of createReadStream(path)) meter.add(Buffer.from(chunk));
  return meter.blob();
}

/** Writes a stream to a file, and measures it. Calls `check` with the size so far, to refuse a long one. */
export async function saveStream(
  source: Readable,
  file: string,
  check: (size: number) => void = () => undefined,
): Promise<Blob> {
  const meter = new Meter();
  await pipeline(
    source,
    async function* measure(chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        meter.add(chunk);
        check(meter.size);
        yield chunk;
      }
    },
    createWriteStream(file),
  );
  return meter.blob();
}
