import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Blob } from '../../site/schemas/build.ts';
import { hexOf } from '../../site/schemas/digest.ts';
import { isErrorCode } from '../cli/files.ts';
import { verified, verifyFile } from '../oci/verify.ts';

/** Blobs on this disk, each in a file named after its sha256. */
export interface BlobCache {
  /**
   * The file of a blob. Its bytes are checked, whether they were cached or `open` fetched them now.
   * @param signal ends a transfer whose result is no longer needed
   */
  fetch(blob: Blob, open: () => Promise<Readable>, signal?: AbortSignal): Promise<string>;
}

/** Opens a folder as a cache; the folder is created when it is first needed. */
export function openBlobCache(folder: string): BlobCache {
  async function fetch(blob: Blob, open: () => Promise<Readable>, signal?: AbortSignal): Promise<string> {
    const file = join(folder, hexOf(blob.digest));
    if (await isIntact(file, blob)) return file;
    const source = await open();
    const partial = `${file}.part-${process.pid}`;
    try {
      await mkdir(folder, { recursive: true });
      await pipeline(verified(source, 'the transfer', blob), createWriteStream(partial), { signal });
      await rename(partial, file);
    } catch (error) {
      source.destroy();
      await rm(partial, { force: true });
      throw error;
    }
    return file;
  }
  return { fetch };
}

/** True when a file has exactly a blob's bytes; a damaged file counts as missing. */
async function isIntact(file: string, blob: Blob): Promise<boolean> {
  try {
    await verifyFile(file, blob);
    return true;
  } catch (error) {
    if (isErrorCode(error, 'ENOENT') || !isSystemError(error)) return false;
    throw error;
  }
}

/** Reads a stream to its end, only to run its checks. */
export async function drain(source: Readable): Promise<void> {
  await pipeline(source, new Writable({ write: (_chunk, _encoding, done) => done() }));
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'errno' in error;
}
