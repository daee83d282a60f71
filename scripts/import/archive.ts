import { createReadStream, createWriteStream } from 'node:fs';
import { open as openFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { pack, type Extract, type Header } from 'tar-stream';
import { z } from 'zod';
import type { Digest } from '../../site/schemas/digest.ts';
import { describeError } from '../cli/command.ts';
import { blobOfFile } from '../cli/digest.ts';
import { saveBlob } from './save-blob.ts';
import type { FetchedTarball } from './source.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { uncompressedLimit } from '../build-cache/tar/tarball.ts';
import { visitEntries, type TarContent } from '../build-cache/tar/entries.ts';
import { parsePlainYaml } from '../build-cache/plain-yaml.ts';

const GZIP_MAGIC = '1f8b';
const WHOLE_PREFIX = 'its paths were moved below its install prefix, as Spack 0.20 and newer write them';

/** An archive of an older layout, and its expected content. */
export interface OldArchive {
  open(): Promise<Readable | undefined>;
  where: string;
  /** Folder for its files. */
  target: string;
  /** Name of the files there. */
  hash: string;
  /** sha256 of the tarball, from the spec file. */
  expected: Digest;
}

/**
 * Fetches a `.spack` archive. In layout v2 it is the tarball itself; in older ones a tar that contains the
 * tarball, its spec file and a signature. Paths in those tarballs lack the install prefix, which images need,
 * so it is added.
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
  const file = await openFile(path, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.toString('hex') === GZIP_MAGIC;
  } finally {
    await file.close();
  }
}

/** Writes the only tarball of an archive to a file. */
async function takeTarball(archive: string, path: string, where: string): Promise<void> {
  const names: string[] = [];
  const send = (tar: Extract) => pipeline(createReadStream(archive), tar);
  await visitEntries(send, async ({ name, type }, entry) => {
    if (type !== 'file' || !/\.tar\.(?:gz|bz2|xz)$/.test(name)) return;
    names.push(name);
    if (names.length === 1 && name.endsWith('.gz')) await pipeline(entry, createWriteStream(path));
  }).catch((cause: unknown) => {
    throw new Error(`${where}: expected a tarball, or a tar around one, found neither; it is not imported`, {
      cause,
    });
  });
  if (names.length === 1 && names[0]?.endsWith('.gz')) return;
  throw new Error(
    `${where}: expected a tar around one .tar.gz, found ${names.length === 0 ? 'none' : names.length} in it; it is not imported`,
  );
}

const BUILD_INFO = '.spack/binary_distribution';
const BUILD_INFO_LIMIT_BYTES = 8 * 1024 * 1024;
const BuildInfo = z.object({ buildpath: z.string().startsWith('/'), relative_prefix: z.string() });

/**
 * Moves the paths of a tarball from before Spack 0.20 below the install prefix that it names. Leaves a
 * tarball that has them there already unchanged. The same tarball gives the same bytes.
 * @returns the new file's digest and size; undefined when it is unchanged
 */
async function moveBelowPrefix(path: string, where: string): Promise<Blob | undefined> {
  const location = await findPrefix(path, where);
  if (!location || location.folder === location.prefix) return undefined;
  const { folder, prefix } = location;
  const move = (name: string) =>
    name === folder || name.startsWith(`${folder}/`) ? prefix + name.slice(folder.length) : name;
  const moved = `${path}.moved`;
  const tar = pack();
  const writing = pipeline(tar, createGzip({ level: 6 }), createWriteStream(moved));
  for (const parent of parentsOf(prefix))
    tar.entry({ name: `${parent}/`, type: 'directory', mode: 0o755, mtime: new Date(0) });
  await eachEntry(path, where, async (header, entry) => {
    const { name, linkname, type, mode, size } = header;
    const target = type === 'link' && linkname ? move(linkname) : linkname;
    const copy = {
      name: move(name),
      type,
      mode,
      size,
      mtime: new Date(0),
      ...(target ? { linkname: target } : {}),
    };
    if (type === 'file' && size) await pipeline(entry, tar.entry(copy));
    else tar.entry(copy);
  });
  tar.finalize();
  await writing;
  await rename(moved, path);
  return blobOfFile(path);
}

/** The folder that the entries of a tarball are in, and the install prefix that they were packed from. */
async function findPrefix(
  path: string,
  where: string,
): Promise<{ folder: string; prefix: string } | undefined> {
  let location: { folder: string; prefix: string } | undefined;
  await eachEntry(path, where, async ({ name, type, size = 0 }, entry) => {
    if (type !== 'file' || !name.endsWith(`/${BUILD_INFO}`) || size > BUILD_INFO_LIMIT_BYTES) return;
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(Buffer.from(chunk as Uint8Array));
    const info = BuildInfo.safeParse(parsePlainYaml(Buffer.concat(chunks)));
    const folder = name.slice(0, -BUILD_INFO.length - 1);
    if (info.success)
      location = { folder, prefix: posix.join(info.data.buildpath, info.data.relative_prefix).slice(1) };
  });
  return location;
}

async function eachEntry(
  path: string,
  where: string,
  visit: (header: Header, entry: TarContent) => Promise<void>,
): Promise<void> {
  const limit = uncompressedLimit((await stat(path)).size);
  const send = (tar: Extract) =>
    pipeline(createReadStream(path), createGunzip(), (chunks) => limited(chunks, limit), tar);
  await visitEntries(send, visit).catch((cause: unknown) => {
    throw new Error(
      `${where}: expected a tarball compressed with gzip, found: ${describeError(cause)}; it is not imported`,
      { cause },
    );
  });
}

async function* limited(chunks: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > limit) throw new Error(`expected at most ${limit} bytes of tar, found more`);
    yield chunk;
  }
}

/** The parents of a path: `a` and `a/b` for `a/b/c`. */
function parentsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}
