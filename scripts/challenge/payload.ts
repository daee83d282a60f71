import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Extract } from 'tar-stream';
import { refusal } from '../build-cache/quote.ts';
import { visitEntries } from '../build-cache/tar/entries.ts';
import { checkTar, uncompressedLimit } from '../build-cache/tar/tarball.ts';

/** One file, link or folder of an installation. */
export interface PayloadEntry {
  kind: string;
  mode: number;
  /** Target of a link; empty for anything else. */
  target: string;
  /** sha256 of a file's content, in base64; empty for anything else. */
  sha256: string;
}

/** The files that a build installs, without Spack's metadata. */
export interface Payload {
  /** Absolute, without a leading slash, as in the tarball. */
  prefix: string;
  /** Keyed by path below the prefix. */
  entries: Map<string, PayloadEntry>;
}

const NOTES = /^(.*?)\/\.spack(?:\/|$)/;

/** The largest real packages have about 200,000 entries; those of two tarballs are in memory at a time. */
const ENTRIES_LIMIT = 250_000;
const NAMES_LIMIT_CHARACTERS = 2 ** 25;

/** A tarball to read. */
export interface PayloadSource {
  /** Name of the tarball in errors. */
  where: string;
  /** Size in bytes as stored, which limits the size that it may unpack to. */
  size: number;
  open(): Promise<Readable>;
}

/**
 * Reads a build's tarball as a stream. Memory grows with the number of files, up to a limit, not with their
 * size.
 */
export async function readPayload(source: PayloadSource): Promise<Payload> {
  const all = new Map<string, PayloadEntry>();
  let prefix: string | undefined;
  let characters = 0;
  await eachEntry(source, async (path, header, content) => {
    prefix ??= NOTES.exec(path)?.[1];
    characters += path.length + header.target.length;
    if (all.size >= ENTRIES_LIMIT || characters > NAMES_LIMIT_CHARACTERS)
      throw new Error(`expected at most ${ENTRIES_LIMIT} entries and 32 MiB of names, found more`);
    const hash = createHash('sha256');
    for await (const chunk of content) hash.update(chunk);
    all.set(path, { ...header, sha256: header.kind === 'file' ? hash.digest('base64') : '' });
  });
  const root = prefix ?? '';
  const entries = new Map<string, PayloadEntry>();
  for (const [path, entry] of all) {
    all.delete(path);
    const isOwn =
      path.startsWith(`${root}/`) && !path.startsWith(`${root}/.spack/`) && path !== `${root}/.spack`;
    if (isOwn || root === '') entries.set(root === '' ? path : path.slice(root.length + 1), entry);
  }
  return { prefix: root, entries };
}

/** Content of some files of a tarball, keyed by path below the prefix. Omits files above either limit. */
export async function readPayloadFiles(
  source: PayloadSource,
  { prefix }: Payload,
  wanted: ReadonlySet<string>,
  { fileBytes, allBytes }: { fileBytes: number; allBytes: number },
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  let left = allBytes;
  await eachEntry(source, async (path, header, content) => {
    const name = prefix === '' ? path : path.slice(prefix.length + 1);
    const isWanted = wanted.has(name) && header.kind === 'file';
    const limit = isWanted ? Math.min(fileBytes, left) : 0;
    let chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of content) {
      size += chunk.length;
      if (size <= limit) chunks.push(Buffer.from(chunk));
      else chunks = [];
    }
    if (!isWanted || size > limit) return;
    left -= size;
    files.set(name, Buffer.concat(chunks));
  });
  return files;
}

async function eachEntry(
  { where, size, open }: PayloadSource,
  read: (
    path: string,
    header: Omit<PayloadEntry, 'sha256'>,
    content: AsyncIterable<Uint8Array>,
  ) => Promise<void>,
): Promise<void> {
  const limit = uncompressedLimit(size);
  const check = (chunks: AsyncIterable<Buffer>) => checkTar(chunks, limit);
  const source = await open();
  try {
    const send = (tar: Extract) => pipeline(source, createGunzip(), check, tar);
    await visitEntries(send, ({ name, type, mode = 0, linkname }, content) => {
      const path = name.replace(/^\.?\//, '').replace(/\/$/, '');
      return read(path, { kind: type ?? 'file', mode, target: linkname ?? '' }, Readable.from(content));
    });
  } catch (cause) {
    throw refusal(where, cause, 'rebuild this spec and push it');
  }
}
