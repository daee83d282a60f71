import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Blob } from '../../site/schemas/build.ts';

/** Bytes copied at a time. One buffer serves the whole file: streams would leave large files' worth of garbage. */
const CHUNK_BYTES = 2 ** 20;

/**
 * Copies a file that is to be a blob. It does not wait for the disk: whoever reads a blob checks it.
 * @throws when the bytes are not the blob's; what was written then is not to be used
 */
export async function copyVerified(source: string, target: string, blob: Blob): Promise<void> {
  const expectation = `${source}: expected ${blob.digest} of ${blob.size} bytes, found`;
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(blob.size + 1, CHUNK_BYTES));
  await using input = await open(source, 'r');
  await using output = await open(target, 'w');
  let size = 0;
  for (;;) {
    const { bytesRead } = await input.read(buffer, 0, buffer.length);
    if (bytesRead === 0) break;
    size += bytesRead;
    if (size > blob.size) throw new Error(`${expectation} more`);
    const bytes = buffer.subarray(0, bytesRead);
    hash.update(bytes);
    await output.appendFile(bytes);
  }
  const digest = `sha256:${hash.digest('hex')}`;
  if (size !== blob.size || digest !== blob.digest) {
    throw new Error(`${expectation} ${digest} of ${size} bytes`);
  }
}
