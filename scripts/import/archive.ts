import { createReadStream, createWriteStream } from 'node:fs';
import { open as openFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import type { Digest } from '../../site/schemas/digest.ts';
import { blobOfFile } from '../cli/digest.ts';
import { moveBelowPrefix } from './move-below-prefix.ts';
import { saveBlob } from './save-blob.ts';
import type { FetchedTarball } from './source.ts';

const GZIP_MAGIC = '1f8b';
const WHOLE_PREFIX = 'its paths were put below its install prefix, as Spack 0.20 and newer write them';

/** An archive of an older layout, and what it should hold. */
export interface OldArchive {
  open(): Promise<Readable | undefined>;
  where: string;
  /** Folder to write below. */
  target: string;
  /** Names the files there. */
  hash: string;
  /** sha256 of the tarball, as the spec file says. */
  expected: Digest;
}

/**
 * Fetches a `.spack` archive. Of layout v2 it is the tarball itself; before, a tar around the tarball, its spec file
 * and a signature. The tarball of those has paths without the install prefix, which images need: it gets them.
 */
export async function fetchArchive({
  open,
  where,
  target,
  hash,
  expected,
}: OldArchive): Promise<FetchedTarball> {
  await mkdir(target, { recursive: true });
  const path = join(target, hash);
  const archive = `${path}.spack`;
  await saveBlob(open, archive, where);
  if (await isGzip(archive)) await rename(archive, path);
  else {
    await takeTarball(archive, path, where);
    await rm(archive);
  }
  const blob = await blobOfFile(path);
  if (blob.digest !== expected)
    throw new Error(
      `${where}: expected a tarball of ${expected} as its spec file says, found ${blob.digest}; it is not imported`,
    );
  const moved = await moveBelowPrefix(path, where);
  return moved ? { path, blob: moved, converted: WHOLE_PREFIX } : { path, blob };
}

async function isGzip(path: string): Promise<boolean> {
  await using file = await openFile(path, 'r');
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
  return buffer.toString('hex') === GZIP_MAGIC;
}

/** Writes the one tarball of an archive to a file. */
async function takeTarball(archive: string, path: string, where: string): Promise<void> {
  const tar = extract();
  const names: string[] = [];
  const reading = pipeline(createReadStream(archive), tar);
  try {
    for await (const entry of tar) {
      const { name, type } = entry.header;
      if (type === 'file' && /\.tar\.(?:gz|bz2|xz)$/.test(name)) {
        names.push(name);
        if (names.length === 1 && name.endsWith('.gz')) {
          await pipeline(entry, createWriteStream(path));
          continue;
        }
      }
      entry.resume();
    }
    await reading;
  } catch (cause) {
    throw new Error(`${where}: expected a tarball, or a tar around one, found neither; it is not imported`, {
      cause,
    });
  }
  if (names.length === 1 && names[0]?.endsWith('.gz')) return;
  throw new Error(
    `${where}: expected a tar around one .tar.gz, found ${names.length === 0 ? 'none' : names.length} in it; it is not imported`,
  );
}
