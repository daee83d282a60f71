import { posix } from 'node:path';
import { extract, type Extract, type Header } from 'tar-stream';
import { z } from 'zod';
import { tryJson } from '../../../site/lib/json.ts';
import { roundTimes } from '../../../site/lib/times/build-times.ts';
import type { Build, BuildTimes, Contents } from '../../../site/schemas/build.ts';
import { isSafeText } from '../../../site/schemas/safe-text.ts';
import { foreignList, Text } from '../../../site/schemas/values.ts';
import { GlibcScan } from '../elf-glibc.ts';
import { BUILD_INFO, TarListing, type PrefixListing } from './listing.ts';
import type { EntryKind } from './path-tree.ts';
import { parsePlainYaml } from '../plain-yaml.ts';
import { quote } from '../quote.ts';
import { digestOf } from '../../cli/digest.ts';

/** Facts from the entries of a tarball. */
export interface ReadEntries {
  contents: Contents;
  /** Total bytes of all files. */
  installedSize: number;
  /** Number of files and links. */
  files: number;
  spackVersion: string | undefined;
  /** From `install_times.json`, which the old installer writes. */
  times: BuildTimes | undefined;
  /** Spack's own bill of materials, if it is valid SPDX 2.3. */
  sbom: Build['sbom'];
  /** Bytes of the compressed build log. */
  logSize: number | undefined;
}

const INSTALL_ENVIRONMENT = '.spack/install_environment.json';
const INSTALL_TIMES = '.spack/install_times.json';
const SBOM = /\/(\.spack\/sbom\/[\w.+-]{1,200}\.json)$/;
const SBOM_LIMIT_BYTES = 16 * 1024 * 1024;
const BUILD_LOG = '.spack/spack-build-out.txt.gz';
/** Spack's own are far smaller: 8 MiB is enough for 130,000 file names. */
const BUILD_INFO_LIMIT_BYTES = 8 * 1024 * 1024;
/** Limit for each of Spack's small JSON files; larger ones are ignored. */
const METADATA_LIMIT_BYTES = 1024 * 1024;
const KINDS: Partial<Record<Header['type'], EntryKind>> = {
  file: 'file',
  link: 'hard link',
  symlink: 'symbolic link',
  directory: 'directory',
};

const InstallEnvironment = z.object({
  spack_version: z.string().regex(/^\d[\w.+() -]{0,63}$/),
});

const InstallTimes = z.object({
  total: z.number(),
  phases: foreignList(z.object({ name: Text, seconds: z.number() }), 1_000),
});

const Spdx = z.object({
  spdxVersion: z.literal('SPDX-2.3'),
  SPDXID: z.literal('SPDXRef-DOCUMENT'),
  packages: foreignList(z.object({ SPDXID: Text, name: Text })).refine((packages) => packages.length > 0),
});

/** A sink for an uncompressed tar, and the facts in it, which resolve after its last byte. */
export function readTar(platform: string): { sink: Extract; result: Promise<ReadEntries> } {
  const sink = extract();
  return { sink, result: readEntries(sink, platform) };
}

async function readEntries(archive: Extract, platform: string): Promise<ReadEntries> {
  const listing = new TarListing();
  const glibc = new GlibcScan();
  const metadata = new Map<string, Buffer>();
  const logSizes = new Map<string, number>();
  const sboms = new Map<string, NonNullable<Build['sbom']>>();
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
    } else if (isMetadata(path) && size <= METADATA_LIMIT_BYTES && metadata.size < 16) {
      metadata.set(path, await readAll(entry));
    } else if (SBOM.test(path) && kind === 'file' && size <= SBOM_LIMIT_BYTES && sboms.size < 4) {
      const sbom = describeSbom(path, await readAll(entry));
      if (sbom) sboms.set(path, sbom);
    } else {
      if (path.endsWith(BUILD_LOG) && kind === 'file' && logSizes.size < 16) logSizes.set(path, size);
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
    spackVersion: tryJson(String(metadata.get(`${tree.prefix}/${INSTALL_ENVIRONMENT}`)), InstallEnvironment)
      ?.spack_version,
    times: parseTimes(metadata.get(`${tree.prefix}/${INSTALL_TIMES}`)),
    sbom: [...sboms].find(([path, sbom]) => path === `${tree.prefix}/${sbom.path}`)?.[1],
    logSize: logSizes.get(`${tree.prefix}/${BUILD_LOG}`),
  };
}

function isMetadata(path: string): boolean {
  return path.endsWith(INSTALL_ENVIRONMENT) || path.endsWith(INSTALL_TIMES);
}

async function readAll(entry: AsyncIterable<unknown>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(chunksOf(entry)));
}

/** tar-stream's types do not say what its streams yield. */
async function* chunksOf(entry: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  for await (const chunk of entry) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('expected bytes from the tar reader');
    yield chunk;
  }
}

function describeSbom(path: string, bytes: Buffer): Build['sbom'] {
  const [, name] = SBOM.exec(path) ?? [];
  if (name === undefined || tryJson(String(bytes), Spdx) === undefined) return undefined;
  return {
    path: name,
    digest: digestOf(bytes),
    size: bytes.length,
  };
}

function parseTimes(bytes: Buffer | undefined): BuildTimes | undefined {
  const times = tryJson(String(bytes), InstallTimes);
  return times && roundTimes(times.total, times.phases);
}

/** Limit for programs and for libraries: record and page list each. The largest packages have about 1,000. */
const NAMES_LIMIT = 2_000;
const NAMES_LIMIT_CHARACTERS = 64 * 1024;

/**
 * Programs and libraries of an install prefix, but for those that nobody could type, or that a page cannot show as they are.
 * Throws when there are more than a record can hold.
 */
function describeContents({ prefix, entries }: PrefixListing, glibc: string | undefined): Contents {
  const programs = new Set<string>();
  const libraries = new Set<string>();
  for (const [path, { kind, executable }] of entries) {
    if (kind === 'directory') continue;
    const program = /^s?bin\/([^/]+)$/.exec(path)?.[1];
    if (program !== undefined && isSafeText(program) && (executable || kind === 'symbolic link'))
      programs.add(program);
    const library = /^lib[^/]*\/(?:.*\/)?(lib[^/]+\.(?:so(?:\.\d+)*|dylib))$/s.exec(path)?.[1];
    if (library !== undefined && isSafeText(library)) libraries.add(library);
  }
  return {
    prefix: `/${prefix}`,
    programs: sortNames(programs, 'programs'),
    libraries: sortNames(libraries, 'libraries'),
    glibc,
  };
}

function sortNames(names: ReadonlySet<string>, kind: string): string[] {
  const sorted = [...names].sort();
  const characters = sorted.join('').length;
  if (sorted.length <= NAMES_LIMIT && characters <= NAMES_LIMIT_CHARACTERS) return sorted;
  throw new Error(
    `expected at most ${NAMES_LIMIT} ${kind} with ${NAMES_LIMIT_CHARACTERS} characters in their names, ` +
      `found ${sorted.length} with ${characters}`,
  );
}

/** `.spack/binary_distribution`. Source: Spack's `get_buildinfo_dict` and `tarfile_of_spec_prefix`. */
const BuildInfo = z.object({
  /** The install root on the builder. */
  buildpath: z.string().optional(),
  /** The prefix, relative to the install root. */
  relative_prefix: z.string().optional(),
  relocate_binaries: z.array(z.string()).nullish(),
  relocate_textfiles: z.array(z.string()).nullish(),
  relocate_links: z.array(z.string()).nullish(),
  /** Prefixes of dependencies on the builder, by hash. Old versions of Spack wrote the inverse map. */
  hash_to_prefix: z.record(z.string(), z.string()).optional(),
  prefix_to_hash: z.record(z.string(), z.string()).optional(),
});

/**
 * Installing fails with a `KeyError` unless one key of each group exists. Source: Spack's `relocate_package`.
 */
const NEEDED = [
  ['buildpath'],
  ['relocate_binaries'],
  ['relocate_textfiles'],
  ['hash_to_prefix', 'prefix_to_hash'],
] as const;

const FILES: readonly EntryKind[] = ['file', 'hard link'];
const LINKS: readonly EntryKind[] = ['symbolic link'];

/**
 * Checks `.spack/binary_distribution` against its tarball. Spack patches the files that it lists in place,
 * without checking where they are: each must be an entry of the same tar.
 */
export function checkBuildInfo(bytes: Buffer, { prefix, entries }: PrefixListing): void {
  const info = BuildInfo.safeParse(parsePlainYaml(bytes));
  if (!info.success) {
    const [issue] = info.error.issues;
    throw new Error(
      `expected .spack/binary_distribution as Spack writes it, found at "${issue?.path.join('.')}": ${issue?.message}`,
    );
  }
  const { buildpath, relative_prefix } = info.data;
  if (buildpath !== undefined && relative_prefix !== undefined) {
    const path = posix.join(buildpath, relative_prefix);
    if (path !== `/${prefix}`) {
      throw new Error(
        `expected the install prefix ${quote(`/${prefix}`)} in .spack/binary_distribution, found ${quote(path)}`,
      );
    }
  }
  for (const [key, kinds] of [
    ['relocate_binaries', FILES],
    ['relocate_textfiles', FILES],
    ['relocate_links', LINKS],
  ] as const) {
    for (const path of info.data[key] ?? []) {
      const kind = entries.get(path)?.kind;
      if (kind === undefined || !kinds.includes(kind)) {
        throw new Error(
          `expected paths of the tar's own ${kinds === LINKS ? 'links' : 'files'} in ${key} of .spack/binary_distribution, found ${quote(path)}`,
        );
      }
    }
  }
  const missing = NEEDED.find((keys) => keys.every((key) => info.data[key] == null));
  if (missing) throw new Error(`expected ${missing.join(' or ')} in .spack/binary_distribution, found none`);
}
