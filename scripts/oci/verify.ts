import { createHash } from 'node:crypto';
import { pipeline, Transform, type Readable } from 'node:stream';
import type { Blob } from '../../site/schemas/build.ts';
import { open } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { digestFrom } from '../../site/schemas/digest.ts';

/**
 * Passes a stream through and fails at its end when it was not the blob: the size or the sha256 differs. The
 * bytes are only right if the stream ends without an error.
 * @param where names the source in the error
 */
export function verified(source: Readable, where: string, blob: Blob): Readable {
  const hash = createHash('sha256');
  let size = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      hash.update(chunk);
      done(size > blob.size ? new Error(`${expectation} more`) : null, chunk);
    },
    flush(done) {
      const digest = digestFrom(hash.digest('hex'));
      const isRight = size === blob.size && digest === blob.digest;
      done(isRight ? null : new Error(`${expectation} ${digest} of ${size} bytes`));
    },
  });
  const expectation = `${where}: expected ${blob.digest} of ${blob.size} bytes, found`;
  // Destroys each stream when the other ends early; the reader gets the error from the stream itself.
  return pipeline(source, check, () => undefined);
}

/** Bytes copied at a time. One buffer serves the whole file: streams would leave its size in garbage. */
const CHUNK_BYTES = 2 ** 20;

/**
 * Copies a file that becomes a blob. Does not wait for the disk: every reader checks the blob.
 * @throws when the bytes are not the blob's; the target must not be used then
 */
export async function copyVerified(source: string, target: string, blob: Blob): Promise<void> {
  const expectation = `${source}: expected ${blob.digest} of ${blob.size} bytes, found`;
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(blob.size + 1, CHUNK_BYTES));
  let size = 0;
  const input = await open(source, 'r');
  const output = await open(target, 'w').catch(async (error: unknown) => {
    await input.close();
    throw error;
  });
  try {
    for (;;) {
      const { bytesRead } = await input.read(buffer, 0, buffer.length);
      if (bytesRead === 0) break;
      size += bytesRead;
      if (size > blob.size) throw new Error(`${expectation} more`);
      const bytes = buffer.subarray(0, bytesRead);
      hash.update(bytes);
      await output.appendFile(bytes);
    }
  } finally {
    await Promise.all([input.close(), output.close()]);
  }
  const digest = digestFrom(hash.digest('hex'));
  if (size !== blob.size || digest !== blob.digest) {
    throw new Error(`${expectation} ${digest} of ${size} bytes`);
  }
}

/** Default size limit of a blob read into memory: an index of 20,000 builds has 60 MB. */
const DEFAULT_LIMIT_BYTES = 256 * 2 ** 20;

/** Reads a blob into memory, or refuses it if the size in its descriptor is above the limit. */
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
