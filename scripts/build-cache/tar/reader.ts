import { extract } from 'tar-stream';
import type { Extract, Header } from 'tar-stream';
import { z } from 'zod';
import type { Contents } from '../../../site/schemas/build.ts';
import { checkBuildInfo } from '../build-info.ts';
import { describeContents } from '../contents.ts';
import { GlibcScan } from '../elf-glibc.ts';
import { BUILD_INFO, TarListing } from './listing.ts';
import type { EntryKind } from './listing.ts';

/** What the entries of a tarball say. */
export interface ReadEntries {
  contents: Contents;
  /** Bytes of all files. */
  installedSize: number;
  /** Files and links. */
  files: number;
  spackVersion: string | undefined;
}

const INSTALL_ENVIRONMENT = '.spack/install_environment.json';
/** Spack's own are far smaller: it names 130,000 files in 8 MiB. */
const BUILD_INFO_LIMIT_BYTES = 8 * 1024 * 1024;
const INSTALL_ENVIRONMENT_LIMIT_BYTES = 1024 * 1024;
const KINDS: Partial<Record<Header['type'], EntryKind>> = {
  file: 'file',
  link: 'hard link',
  symlink: 'symbolic link',
  directory: 'directory',
};

const InstallEnvironment = z.object({
  spack_version: z.string().regex(/^\d[\w.+() -]{0,63}$/),
});

/** A sink for an uncompressed tar and what it says, which is known once all of it went in. */
export function readTar(platform: string): { sink: Extract; result: Promise<ReadEntries> } {
  const sink = extract();
  return { sink, result: readEntries(sink, platform) };
}

async function readEntries(archive: Extract, platform: string): Promise<ReadEntries> {
  const listing = new TarListing();
  const glibc = new GlibcScan();
  const environments = new Map<string, Buffer>();
  let buildInfo: Buffer = Buffer.alloc(0);
  let installedSize = 0;
  let files = 0;
  for await (const entry of archive) {
    const { type, name, linkname, mode, size } = entry.header;
    const kind = KINDS[type];
    if (kind === undefined) throw new Error(`expected files, directories and links, found a ${type}`);
    const path = listing.add({ name, kind, target: linkname ?? '', mode });
    installedSize += size;
    if (kind !== 'directory') files += 1;
    if (path.endsWith(BUILD_INFO)) {
      if (size > BUILD_INFO_LIMIT_BYTES) {
        throw new Error(`expected at most ${BUILD_INFO_LIMIT_BYTES} bytes in ${BUILD_INFO}, found ${size}`);
      }
      buildInfo = await readAll(entry);
    } else if (path.endsWith(INSTALL_ENVIRONMENT) && size <= INSTALL_ENVIRONMENT_LIMIT_BYTES) {
      environments.clear();
      environments.set(path, await readAll(entry));
    } else {
      const scan = glibc.startFile();
      for await (const chunk of chunksOf(entry)) scan(chunk);
    }
  }
  const tree = listing.finish(platform);
  checkBuildInfo(buildInfo, tree);
  return {
    contents: describeContents(tree, glibc.newest),
    installedSize,
    files,
    spackVersion: parseSpackVersion(environments.get(`${tree.prefix}/${INSTALL_ENVIRONMENT}`)),
  };
}

async function readAll(entry: AsyncIterable<unknown>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(chunksOf(entry)));
}

/** tar-stream's types leave open what its streams give. */
async function* chunksOf(entry: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  for await (const chunk of entry) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('expected bytes from the tar reader');
    yield chunk;
  }
}

/** Undefined for whatever does not look like a version: the builder wrote it, and nothing rests on it. */
function parseSpackVersion(bytes: Buffer | undefined): string | undefined {
  try {
    return InstallEnvironment.safeParse(JSON.parse(String(bytes))).data?.spack_version;
  } catch {
    return undefined;
  }
}
