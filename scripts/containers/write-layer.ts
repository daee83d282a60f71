import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';
import type { Blob } from '../../site/schemas/build.ts';
import { digestFrom, type Digest } from '../../site/schemas/digest.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';

/** What an image needs to know of a layer. */
export interface Layer extends Blob {
  /** sha256 of the uncompressed tar. */
  diffId: Digest;
}

/** One entry of a layer that is made here. */
export type LayerEntry =
  | { path: string; kind: 'directory' }
  | { path: string; kind: 'file'; executable: boolean; content: string | { file: string; size: number } }
  | { path: string; kind: 'symlink'; target: string };

/**
 * Writes a layer: the same entries give the same bytes, so there is no time, user or order of a disk in it. Folders
 * that lie above an entry are added.
 * @param entries paths from the root, without a slash at the beginning
 */
export function writeLayer(file: string, entries: readonly LayerEntry[]): Promise<Layer> {
  return packLayer(file, (tar) => addEntries(tar, entries));
}

/** Writes a layer of whatever is put into the tar; it is closed then. */
export async function packLayer(file: string, fill: (tar: Pack) => Promise<void>): Promise<Layer> {
  const uncompressed = createHash('sha256');
  const compressed = createHash('sha256');
  let size = 0;
  const tar = pack();
  const flow = pipeline(
    tar,
    passing((chunk) => uncompressed.update(chunk)),
    createGzip({ level: 6 }),
    passing((chunk) => {
      compressed.update(chunk);
      size += chunk.length;
    }),
    createWriteStream(file),
  );
  const filled = fill(tar).then(
    () => tar.finalize(),
    (error: unknown) => {
      tar.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    },
  );
  await Promise.all([filled, flow]);
  return {
    digest: digestFrom(compressed.digest('hex')),
    size,
    diffId: digestFrom(uncompressed.digest('hex')),
  };
}

async function addEntries(tar: Pack, entries: readonly LayerEntry[]): Promise<void> {
  const all = new Map<string, LayerEntry>();
  for (const { path } of entries) {
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
      const folder = path.slice(0, at);
      all.set(folder, { path: folder, kind: 'directory' });
    }
  }
  for (const entry of entries) all.set(entry.path, entry);
  const sorted = [...all.values()].sort((a, b) => compareTexts(a.path, b.path));
  for (const entry of sorted) await addEntry(tar, entry);
}

async function addEntry(tar: Pack, entry: LayerEntry): Promise<void> {
  const common = { name: entry.path, mtime: new Date(0), uid: 0, gid: 0 };
  if (entry.kind === 'directory') {
    tar.entry({ ...common, type: 'directory', mode: 0o755 });
  } else if (entry.kind === 'symlink') {
    tar.entry({ ...common, type: 'symlink', linkname: entry.target, mode: 0o777 });
  } else {
    const mode = entry.executable ? 0o755 : 0o644;
    if (typeof entry.content === 'string') {
      tar.entry({ ...common, mode }, entry.content);
    } else {
      const { file, size } = entry.content;
      await pipeline(createReadStream(file), tar.entry({ ...common, mode, size }));
    }
  }
}

/** Looks at what goes by. */
function passing(look: (chunk: Buffer) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      look(chunk);
      done(null, chunk);
    },
  });
}
