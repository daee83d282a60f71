import { createReadStream, createWriteStream, lstatSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { quote, refusal } from '../build-cache/quote.ts';
import { TarListing } from '../build-cache/tar/listing.ts';
import { checkTar } from '../build-cache/tar/tarball.ts';
import type { LayerEntry } from './write-layer.ts';

/** A view is links, and copies of a few scripts and interpreters. */
const MAX_BYTES = 512 * 2 ** 20;
/** With its headers, of which a link has one and no content. */
const MAX_TAR_BYTES = 2 * MAX_BYTES;

/** Where a view may lie and where it may lead. */
export interface ViewPlace {
  /** Absolute folder that holds all of the view. */
  root: string;
  /** Absolute install prefixes that its links may lead to. */
  prefixes: readonly string[];
}

/**
 * Reads the view of an environment that a build job uploaded, which may be anything: a tar.gz of links into the
 * install prefixes of the environment, of folders and of plain files. The copies of files go into a folder.
 * @throws one sentence when anything in it lies or leads elsewhere
 */
export async function readView(archive: string, place: ViewPlace, folder: string): Promise<LayerEntry[]> {
  try {
    const stats = lstatSync(archive);
    if (!stats.isFile()) throw new Error('expected a file, found something else');
    if (stats.size > MAX_BYTES) throw new Error(`expected at most ${MAX_BYTES} bytes, found ${stats.size}`);
    return await readEntries(createReadStream(archive), place, folder);
  } catch (cause) {
    throw refusal(archive, cause, 'no container is made of this environment');
  }
}

async function readEntries(source: Readable, place: ViewPlace, folder: string): Promise<LayerEntry[]> {
  const archive = extract();
  const check = (chunks: AsyncIterable<Buffer>) => checkTar(chunks, MAX_TAR_BYTES);
  const flow = pipeline(source, createGunzip(), check, archive);
  const [entries] = await Promise.all([collectEntries(archive, place, folder), flow]);
  return entries;
}

async function collectEntries(
  archive: ReturnType<typeof extract>,
  place: ViewPlace,
  folder: string,
): Promise<LayerEntry[]> {
  const inside = `${place.root.slice(1)}/`;
  const listing = new TarListing();
  const entries: LayerEntry[] = [];
  let bytes = 0;
  for await (const entry of archive) {
    const { type, name, linkname, mode = 0, size = 0 } = entry.header;
    if (type !== 'file' && type !== 'symlink' && type !== 'directory') {
      throw new Error(`expected files, directories and symbolic links, found ${quote(name)} as a ${type}`);
    }
    const kind = type === 'symlink' ? 'symbolic link' : type;
    const path = listing.add({ name, kind, target: linkname ?? '', mode });
    if (!path.startsWith(inside) && !(type === 'directory' && inside.startsWith(`${path}/`))) {
      throw new Error(`expected entries inside ${place.root}, found ${quote(path)}`);
    }
    if (type === 'directory') {
      entries.push({ path, kind: 'directory' });
    } else if (type === 'symlink') {
      const target = linkname ?? '';
      expectInside(path, target, place);
      entries.push({ path, kind: 'symlink', target });
    } else {
      bytes += size;
      if (bytes > MAX_BYTES) throw new Error(`expected at most ${MAX_BYTES} bytes of files, found more`);
      const file = join(folder, `view-${entries.length}`);
      await pipeline(entry, createWriteStream(file));
      entries.push({ path, kind: 'file', executable: (mode & 0o111) !== 0, content: { file, size } });
      continue;
    }
    entry.resume();
  }
  listing.refuseWritesThroughLinks('linux');
  return entries;
}

function expectInside(path: string, target: string, { root, prefixes }: ViewPlace): void {
  const resolved = posix.resolve('/', posix.dirname(path), target);
  if ([root, ...prefixes].some((folder) => resolved === folder || resolved.startsWith(`${folder}/`))) return;
  throw new Error(
    `expected links into the view or the builds of its environment, found ${quote(path)} as one to ${quote(target)}`,
  );
}
