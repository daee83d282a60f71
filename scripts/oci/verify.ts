import { closeSync, openSync, readSync } from 'node:fs';
import { pipeline, Transform, type Readable } from 'node:stream';
import type { Blob } from '../../site/schemas/build.ts';
import { open } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { Meter } from '../cli/digest.ts';

/**
 * Passes a stream through and fails at its end when it was not the blob: the size or the sha256 differs. The
 * bytes are only right if the stream ends without an error.
 * @param where names the source in the error
 */
export function verified(source: Readable, where: string, blob: Blob): Readable {
  const check = startCheck(where, blob);
  const transform = new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(check.add(chunk), chunk),
    flush: (done) => done(check.end()),
  });
  // Destroys each stream when the other ends early; the reader gets the error from the stream itself.
  return pipeline(source, transform, () => undefined);
}

/** Compares bytes with a blob. Both functions return the fault that they find, or null. */
interface Check {
  add(bytes: Buffer): Error | null;
  end(): Error | null;
}

function startCheck(where: string, blob: Blob): Check {
  const expectation = `${where}: expected ${blob.digest} of ${blob.size} bytes, found`;
  const meter = new Meter();
  return {
    add(bytes) {
      meter.add(bytes);
      return meter.size > blob.size ? new Error(`${expectation} more`) : null;
    },
    end() {
      const { digest, size } = meter.blob();
      const isRight = size === blob.size && digest === blob.digest;
      return isRight ? null : new Error(`${expectation} ${digest} of ${size} bytes`);
    },
  };
}

/** Bytes read at a time. Streams would leave the size of each file in garbage. */
const CHUNK_BYTES = 2 ** 20;
/** Buffers of files that were read: as many as are read at a time. */
const spare: Buffer[] = [];

/**
 * Reads a file that should be a blob. Reads without promises: for small files these, and even more so
 * streams, take several times the time of hashing. Others may continue after each chunk.
 * @param use receives each chunk, which is only valid until it has ended
 * @throws when the bytes are not the blob's
 */
export async function verifyFile(
  file: string,
  blob: Blob,
  use: (bytes: Buffer) => Promise<void> = () => setImmediate(),
): Promise<void> {
  const check = startCheck(file, blob);
  const input = openSync(file, 'r');
  const buffer = spare.pop() ?? Buffer.allocUnsafe(CHUNK_BYTES);
  let fault: Error | null = null;
  try {
    for (;;) {
      const bytes = buffer.subarray(0, readSync(input, buffer));
      fault = bytes.length === 0 ? check.end() : check.add(bytes);
      if (fault || bytes.length === 0) break;
      await use(bytes);
    }
  } finally {
    closeSync(input);
    spare.push(buffer);
  }
  if (fault) throw fault;
}

/**
 * Copies a file that becomes a blob. Does not wait for the disk: every reader checks the blob.
 * @throws when the bytes are not the blob's; the target must not be used then
 */
export async function copyVerified(source: string, target: string, blob: Blob): Promise<void> {
  const output = await open(target, 'w');
  try {
    await verifyFile(source, blob, (bytes) => output.appendFile(bytes));
  } finally {
    await output.close();
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
