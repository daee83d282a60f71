import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';

/** One file, link or folder of an installation. */
export interface PayloadEntry {
  kind: string;
  mode: number;
  /** Where a link points to. Empty: it is none. */
  target: string;
  /** sha256 of a file's bytes; empty for all else. */
  sha256: string;
}

/** What a build installs, without Spack's own notes. */
export interface Payload {
  /** Absolute, without a slash before it: as the tarball has it. */
  prefix: string;
  /** By path below the prefix. */
  entries: Map<string, PayloadEntry>;
}

const NOTES = /^(.*?)\/\.spack(?:\/|$)/;

/** Reads a build's tarball as a stream; memory grows with the number of files, not with their size. */
export async function readPayload(source: Readable): Promise<Payload> {
  const all = new Map<string, PayloadEntry>();
  let prefix: string | undefined;
  await eachEntry(source, async (path, header, content) => {
    prefix ??= NOTES.exec(path)?.[1];
    const hash = createHash('sha256');
    for await (const chunk of content) hash.update(chunk);
    const isFile = header.kind === 'file' || header.kind === 'contiguous-file';
    all.set(path, { ...header, sha256: isFile ? hash.digest('hex') : '' });
  });
  const root = prefix ?? '';
  const entries = new Map(
    [...all].flatMap(([path, entry]) => {
      const isOwn =
        path.startsWith(`${root}/`) && !path.startsWith(`${root}/.spack/`) && path !== `${root}/.spack`;
      return isOwn || root === '' ? [[root === '' ? path : path.slice(root.length + 1), entry] as const] : [];
    }),
  );
  return { prefix: root, entries };
}

/** The bytes of some files of a tarball, by path below the prefix; a file above the limit is left out. */
export async function readPayloadFiles(
  source: Readable,
  { prefix }: Payload,
  wanted: ReadonlySet<string>,
  limitBytes: number,
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  await eachEntry(source, async (path, header, content) => {
    const name = prefix === '' ? path : path.slice(prefix.length + 1);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of content) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (wanted.has(name) && size <= limitBytes) chunks.push(bytes);
    }
    if (wanted.has(name) && size <= limitBytes && header.kind === 'file')
      files.set(name, Buffer.concat(chunks));
  });
  return files;
}

async function eachEntry(
  source: Readable,
  read: (
    path: string,
    header: Omit<PayloadEntry, 'sha256'>,
    content: AsyncIterable<Uint8Array>,
  ) => Promise<void>,
): Promise<void> {
  const entries = extract();
  const reading = (async () => {
    for await (const entry of entries) {
      const { name, type, mode = 0, linkname } = entry.header;
      const path = name.replace(/^\.?\//, '').replace(/\/$/, '');
      await read(path, { kind: type ?? 'file', mode, target: linkname ?? '' }, Readable.from(entry));
    }
  })();
  await Promise.all([pipeline(source, createGunzip(), entries), reading]);
}
