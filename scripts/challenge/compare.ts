import type {
  DifferenceCause,
  DifferingBuild,
  Reproduction,
} from '../../site/schemas/checks/reproduction.ts';
import type { Blob } from '../../site/schemas/build.ts';
import type { DagHash, Digest } from '../../site/schemas/digest.ts';
import { withProgress } from '../cli/progress.ts';
import { classify, findPrefixes, withoutPrefix, type Prefixes } from './classify.ts';
import type { CachedBuild, ComparableCache } from './open-cache.ts';
import { drain } from '../mirror/blob-cache.ts';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Extract } from 'tar-stream';
import { refusal } from '../build-cache/quote.ts';
import { visitEntries } from '../build-cache/tar/entries.ts';
import { checkTar, uncompressedLimit } from '../build-cache/tar/tarball.ts';

/** Maximum number and size of files of one build to examine; a cause is usually found much earlier. */
const MOST_FILES = 40;
const MOST_BYTES = { fileBytes: 2 ** 24, allBytes: 2 ** 25 };
const MOST_EXAMPLES = 5;
const MOST_DIFFERING = 200;

/** Result of a comparison, without its time and run. */
export interface CacheComparison {
  reproduction: Omit<Reproduction, 'date' | 'run'>;
  /** Equal builds with the digests of both tarballs, and hashes of the builds that differ. */
  alike: (Pick<CachedBuild, 'name' | 'version' | 'hash'> & { tarballs: readonly [Digest, Digest] })[];
  unlike: DagHash[];
}

/** Compares the builds that two caches have in common by the files that they install. */
export async function compareCaches(
  first: ComparableCache,
  second: ComparableCache,
): Promise<CacheComparison> {
  const common = [...first.builds.values()].filter(({ hash }) => second.builds.has(hash));
  const alike: CacheComparison['alike'] = [];
  const differing: Difference[] = [];
  // One build at a time: two tarballs may use all of the memory.
  await withProgress('comparing', common.length, 'builds', async (progress) => {
    for (const build of common) {
      const other = second.builds.get(build.hash) ?? build;
      const tarballs = await Promise.all([first.tarballOf(build), second.tarballOf(other)]);
      const difference = await compareBuild(build, tarballs, first, second);
      progress.advance();
      const { name, version, hash } = build;
      const digests = [tarballs[0].digest, tarballs[1].digest] as const;
      if (difference) differing.push(difference);
      else alike.push({ name, version, hash, tarballs: digests });
    }
  });
  const reproduction = {
    compared: common.length,
    equal: common.length - differing.length,
    onlyFirst: first.builds.size - common.length,
    onlySecond: second.builds.size - common.length,
    causes: sumCauses(differing),
    differing: differing.map(({ build }) => build).slice(0, MOST_DIFFERING),
  };
  return { reproduction, alike, unlike: differing.map(({ build }) => build.hash) };
}

/** The result of a comparison: one line per build that differs, then the totals. */
export function describeReproduction({ differing, equal, compared }: Reproduction): string {
  const lines = differing.map(
    ({ name, version, hash, files, causes, examples }) =>
      `${name}@${version}/${hash}: ${files} files differ (${causes.join(', ')}), such as ${examples[0]?.path}`,
  );
  const share = (100 * equal) / compared;
  return [...lines, `${equal} of ${compared} builds are equal (${share.toFixed(1)}%).`].join('\n');
}

interface Difference {
  build: DifferingBuild;
  /** Number of files by cause. */
  counts: Map<DifferenceCause, number>;
}

async function compareBuild(
  build: CachedBuild,
  [a, b]: readonly [Blob, Blob],
  first: ComparableCache,
  second: ComparableCache,
): Promise<Difference | undefined> {
  if (a.digest === b.digest) {
    // A manifest may name a blob that its cache does not have.
    await drain(await second.open(b));
    return undefined;
  }
  const sources = [sourceOf(first, build, a), sourceOf(second, build, b)] as const;
  const payloads = await Promise.all([readPayload(sources[0]), readPayload(sources[1])]);
  const prefixes = findPrefixes(payloads[0].prefix, payloads[1].prefix);
  const { causes, open } = compareEntries(...payloads, prefixes);
  const wanted = new Set(open.slice(0, MOST_FILES));
  if (wanted.size > 0) {
    const [ones, others] = [
      await readPayloadFiles(sources[0], payloads[0], wanted, MOST_BYTES),
      await readPayloadFiles(sources[1], payloads[1], wanted, MOST_BYTES),
    ];
    for (const path of open) {
      const [left, right] = [ones.get(path), others.get(path)];
      const cause = left && right ? classify(path, left, right, prefixes) : 'content';
      if (cause) causes.set(path, cause);
    }
  }
  if (causes.size === 0) return undefined;
  const counts = new Map<DifferenceCause, number>();
  for (const cause of causes.values()) counts.set(cause, (counts.get(cause) ?? 0) + 1);
  const { name, version, hash } = build;
  return {
    build: {
      name,
      version,
      hash,
      files: causes.size,
      causes: [...counts].sort(([, left], [, right]) => right - left).map(([cause]) => cause),
      examples: [...causes]
        .slice(0, MOST_EXAMPLES)
        .map(([path, cause]) => ({ path: path.slice(0, 500), cause })),
    },
    counts,
  };
}

function sourceOf(cache: ComparableCache, { name, hash }: CachedBuild, tarball: Blob): PayloadSource {
  return {
    where: `the tarball ${tarball.digest} of ${name}/${hash}`,
    size: tarball.size,
    open: () => cache.open(tarball),
  };
}

/** Causes that are clear without a file's content, and the paths of files whose content differs. */
function compareEntries(
  first: Payload,
  second: Payload,
  prefixes: Prefixes,
): { causes: Map<string, DifferenceCause>; open: string[] } {
  const causes = new Map<string, DifferenceCause>();
  const open: string[] = [];
  for (const path of new Set([...first.entries.keys(), ...second.entries.keys()])) {
    const [left, right] = [first.entries.get(path), second.entries.get(path)];
    if (!left || !right) causes.set(path, 'missing');
    else if (left.kind !== right.kind) causes.set(path, 'kind');
    else if (withoutPrefix(left.target, prefixes.first) !== withoutPrefix(right.target, prefixes.second))
      causes.set(path, 'link-target');
    else if (left.sha256 !== right.sha256) open.push(path);
    else if (left.mode !== right.mode) causes.set(path, 'mode');
  }
  return { causes, open };
}

function sumCauses(differing: readonly Difference[]): Reproduction['causes'] {
  const sums = new Map<DifferenceCause, { builds: number; files: number }>();
  for (const { counts } of differing) {
    for (const [cause, files] of counts) {
      const sum = sums.get(cause) ?? { builds: 0, files: 0 };
      sums.set(cause, { builds: sum.builds + 1, files: sum.files + files });
    }
  }
  return [...sums]
    .map(([cause, sum]) => ({ cause, ...sum }))
    .sort((left, right) => right.builds - left.builds || right.files - left.files);
}

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
async function readPayloadFiles(
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
