import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Blob } from '../../site/schemas/build.ts';

/** The largest blob that is read into memory unless the caller allows more: an index of 20,000 builds has 60 MB. */
const DEFAULT_LIMIT_BYTES = 256 * 2 ** 20;

/** Reads a blob into memory, or refuses it by the size that its descriptor gives. */
export async function readAll(
  open: () => Promise<Readable>,
  blob: Blob,
  where: string,
  limitBytes = DEFAULT_LIMIT_BYTES,
): Promise<Buffer> {
  if (blob.size > limitBytes) {
    throw new Error(
      `${where}: expected at most ${limitBytes} bytes in ${blob.digest}, found ${blob.size} in its descriptor`,
    );
  }
  return buffer(await open());
}
