import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import type { Blob } from '../../site/schemas/build.ts';

/**
 * A stream that passes bytes on and fails at their end when they are not the blob: more or fewer than its size,
 * or another sha256. Only an end without an error means that the bytes are right.
 * @param where names the source in the error
 */
export function verifyBlob(where: string, blob: Blob): Transform {
  const hash = createHash('sha256');
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > blob.size) {
        done(new Error(`${where}: expected ${blob.digest} of ${blob.size} bytes, found more`));
        return;
      }
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      const digest = `sha256:${hash.digest('hex')}`;
      if (size === blob.size && digest === blob.digest) done();
      else
        done(
          new Error(
            `${where}: expected ${blob.digest} of ${blob.size} bytes, found ${digest} of ${size} bytes`,
          ),
        );
    },
  });
}
