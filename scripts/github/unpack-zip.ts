import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { isErrorCode } from '../cli/files.ts';
import { BadArchiveError } from './errors.ts';

/** Limits of what an archive may unpack to. */
export interface ZipLimits {
  files: number;
  /** Of all files together, unpacked. */
  bytes: number;
}

const FILE_TYPE = 0o17_0000;
const REGULAR_FILE = 0o10_0000;

/**
 * Unpacks an untrusted zip into a folder that exists: plain files, mode 644, none of them twice, none
 * outside the folder. Folders without files are left out. Throws `BadArchiveError` for anything else, and a system
 * error when this machine is at fault.
 */
export async function unpackZip(file: string, folder: string, limits: ZipLimits): Promise<void> {
  let zip: ZipFile;
  try {
    zip = await openPromise(file, { strictFileNames: true });
  } catch (error) {
    throw explain(error);
  }
  try {
    if (zip.entryCount > limits.files)
      throw new BadArchiveError(`expected at most ${limits.files} files, found ${zip.entryCount} entries`);
    let bytes = 0;
    for await (const entry of zip.eachEntry()) {
      bytes += entry.uncompressedSize;
      if (bytes > limits.bytes)
        throw new BadArchiveError(`expected at most ${limits.bytes} bytes when unpacked, found more`);
      if (!entry.fileName.endsWith('/')) await unpackEntry(zip, entry, folder);
    }
  } catch (error) {
    throw explain(error);
  } finally {
    zip.close();
  }
}

async function unpackEntry(zip: ZipFile, entry: Entry, folder: string): Promise<void> {
  const name = JSON.stringify(entry.fileName.slice(0, 300));
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
  // 0: the archive was written on a system without file types.
  if (type !== 0 && type !== REGULAR_FILE)
    throw new BadArchiveError(`${name}: expected a plain file, found a link or a special file`);
  if (entry.isEncrypted())
    throw new BadArchiveError(`${name}: expected a plain file, found an encrypted one`);
  const target = join(folder, entry.fileName);
  try {
    mkdirSync(dirname(target), { recursive: true });
    await pipeline(
      await zip.openReadStreamPromise(entry),
      createWriteStream(target, { flags: 'wx', mode: 0o644 }),
    );
  } catch (error) {
    if (!['EEXIST', 'ENOTDIR', 'EISDIR'].some((code) => isErrorCode(error, code))) throw error;
    throw new BadArchiveError(`${name}: expected each path once, found it as another file or folder already`);
  }
}

/** Errors of this machine stay as they are: a full disk is not the archive's fault. */
function explain(error: unknown): unknown {
  if (error instanceof BadArchiveError) return error;
  const isSystems = error instanceof Error && 'syscall' in error && !isErrorCode(error, 'ENAMETOOLONG');
  if (isSystems) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new BadArchiveError(`expected a zip archive of plain files: ${reason.slice(0, 300)}`);
}
