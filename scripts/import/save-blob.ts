import type { Readable } from 'node:stream';
import type { Blob } from '../../site/schemas/build.ts';
import type { Digest } from '../../site/schemas/digest.ts';
import { retry } from '../http/retry.ts';
import { saveStream } from '../cli/digest.ts';

/** The largest installs have about this before compression, whatever a source says. */
const LIMIT_BYTES = 20_000_000_000;

/** Expected content of a file. */
export interface ExpectedBlob {
  digest: Digest;
  /** Absent: unknown. */
  size?: number | undefined;
}

/**
 * Writes a stream to a file and checks it; starts over when the connection breaks.
 * @param where name of the source in errors
 */
export async function saveBlob(
  open: () => Promise<Readable | undefined>,
  target: string,
  where: string,
  expected?: ExpectedBlob,
): Promise<Blob> {
  const limit = expected?.size ?? LIMIT_BYTES;
  if (limit > LIMIT_BYTES)
    throw new Error(
      `${where}: expected at most ${LIMIT_BYTES} bytes, found ${limit} announced; it is not imported`,
    );
  const blob = await retry(async () => {
    const source = await open();
    if (!source) throw new Error(`${where}: expected a file, found none; it is not imported`);
    return saveStream(source, target, (size) => {
      if (size > limit)
        throw new Error(`${where}: expected at most ${limit} bytes, found more; it is not imported`);
    });
  });
  if (!expected || (blob.digest === expected.digest && blob.size === (expected.size ?? blob.size)))
    return blob;
  throw new Error(
    `${where}: expected ${expected.digest}${expected.size === undefined ? '' : ` of ${expected.size} bytes`}, ` +
      `found ${blob.digest} of ${blob.size}; the file was cut or changed: it is not imported`,
  );
}
