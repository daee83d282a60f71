import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, lstatSync } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, createGunzip } from 'node:zlib';
import { join, posix } from 'node:path';
import { pack, type Extract, type Pack } from 'tar-stream';
import type { Blob } from '../../site/schemas/build.ts';
import { digestFrom, type Digest } from '../../site/schemas/digest.ts';
import { compareTexts } from '../../site/lib/spack/versions.ts';
import { quote, refusal } from '../build-cache/quote.ts';
import { TarListing } from '../build-cache/tar/listing.ts';
import { checkTar } from '../build-cache/tar/tarball.ts';
import { Meter } from '../cli/digest.ts';
import { visitEntries } from '../build-cache/tar/entries.ts';

/** The facts about a layer that an image needs. */
export interface Layer extends Blob {
  /** sha256 of the uncompressed tar. */
  diffId: Digest;
}

/** One entry of a layer that is created here. */
export type LayerEntry =
  | { path: string; kind: 'directory' }
  | { path: string; kind: 'file'; executable: boolean; content: string | { file: string; size: number } }
  | { path: string; kind: 'symlink'; target: string };

/**
 * Writes a layer. The same entries give the same bytes, independent of times, users and the order on disk.
 * Adds the folders above each entry.
 * @param entries paths from the root, without a leading slash
 */
export function writeLayer(file: string, entries: readonly LayerEntry[]): Promise<Layer> {
  return packLayer(file, (tar) => addEntries(tar, entries));
}

/** Writes a layer from the entries that `fill` adds to the tar, and closes it. */
export async function packLayer(file: string, fill: (tar: Pack) => Promise<void>): Promise<Layer> {
  const uncompressed = createHash('sha256');
  const compressed = new Meter();
  const tar = pack();
  const flow = pipeline(
    tar,
    passing((chunk) => uncompressed.update(chunk)),
    createGzip({ level: 6 }),
    passing((chunk) => compressed.add(chunk)),
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
  return { ...compressed.blob(), diffId: digestFrom(uncompressed.digest('hex')) };
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

/** A transform that shows each chunk to `look` and passes it on. */
function passing(look: (chunk: Buffer) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      look(chunk);
      done(null, chunk);
    },
  });
}

/** Limit for a view, which has links, and copies of a few scripts and interpreters. */
const MAX_BYTES = 512 * 2 ** 20;
/** Limit including headers: a link has a header and no content. */
const MAX_TAR_BYTES = 2 * MAX_BYTES;

/** Limits for the places and the links of a view. */
interface ViewPlace {
  /** Absolute folder that contains the whole view. */
  root: string;
  /** Absolute install prefixes that its links may lead to. */
  prefixes: readonly string[];
}

/**
 * Reads the view of an environment that a build job uploaded, and which may be anything: it must be a tar.gz
 * of links into the install prefixes of the environment, of folders and of plain files. Copies the files to a
 * folder.
 * @throws one sentence when an entry is elsewhere or leads elsewhere
 */
export async function readView(archive: string, place: ViewPlace, folder: string): Promise<LayerEntry[]> {
  try {
    const stats = lstatSync(archive);
    if (!stats.isFile()) throw new Error('expected a file, found something else');
    if (stats.size > MAX_BYTES) throw new Error(`expected at most ${MAX_BYTES} bytes, found ${stats.size}`);
    return await readEntries(archive, place, folder);
  } catch (cause) {
    throw refusal(archive, cause, 'no container is created for this environment');
  }
}

async function readEntries(archive: string, place: ViewPlace, folder: string): Promise<LayerEntry[]> {
  const inside = `${place.root.slice(1)}/`;
  const listing = new TarListing();
  const entries: LayerEntry[] = [];
  let bytes = 0;
  const check = (chunks: AsyncIterable<Buffer>) => checkTar(chunks, MAX_TAR_BYTES);
  const send = (tar: Extract) => pipeline(createReadStream(archive), createGunzip(), check, tar);
  await visitEntries(send, async ({ type, name, linkname, mode = 0, size = 0 }, content) => {
    if (type !== 'file' && type !== 'symlink' && type !== 'directory') {
      throw new Error(`expected files, directories and symbolic links, found ${quote(name)} as a ${type}`);
    }
    const kind = type === 'symlink' ? 'symbolic link' : type;
    const target = linkname ?? '';
    const path = listing.add({ name, kind, target, mode });
    if (!path.startsWith(inside) && !(type === 'directory' && inside.startsWith(`${path}/`))) {
      throw new Error(`expected entries inside ${place.root}, found ${quote(path)}`);
    }
    if (type === 'directory') entries.push({ path, kind: 'directory' });
    else if (type === 'symlink') {
      expectInside(path, target, place);
      entries.push({ path, kind: 'symlink', target });
    } else {
      bytes += size;
      if (bytes > MAX_BYTES) throw new Error(`expected at most ${MAX_BYTES} bytes of files, found more`);
      const file = join(folder, `view-${entries.length}`);
      await pipeline(content, createWriteStream(file));
      entries.push({ path, kind: 'file', executable: (mode & 0o111) !== 0, content: { file, size } });
    }
  });
  listing.refuseWritesThroughLinks('linux');
  return entries;
}

function expectInside(path: string, target: string, { root, prefixes }: ViewPlace): void {
  const resolved = posix.resolve('/', posix.dirname(path), target);
  if ([root, ...prefixes].some((folder) => resolved === folder || resolved.startsWith(`${folder}/`))) return;
  throw new Error(
    `expected links into the view or the builds of its environment, found the link ${quote(path)} to ${quote(target)}`,
  );
}
