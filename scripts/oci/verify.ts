import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline, Transform } from 'node:stream';
import type { Blob } from '../../site/schemas/build.ts';

/**
 * Passes a stream on and fails at its end when it was not the blob: more or fewer bytes than its size, or another
 * sha256. Only an end without an error means that the bytes are right.
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
      const digest = `sha256:${hash.digest('hex')}`;
      const isRight = size === blob.size && digest === blob.digest;
      done(isRight ? null : new Error(`${expectation} ${digest} of ${size} bytes`));
    },
  });
  const expectation = `${where}: expected ${blob.digest} of ${blob.size} bytes, found`;
  // Ends each of the two when the other ends early; the reader sees the error on the stream itself.
  return pipeline(source, check, () => undefined);
}
