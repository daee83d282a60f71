import { gunzipSync } from 'node:zlib';
import { refuseAmbiguousJson } from '../../site/lib/spack/node-text.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { digestFrom, mirrorBlobPath, type DagHash } from '../../site/schemas/digest.ts';
import { SPEC_MEDIA_TYPE, TARBALL_MEDIA_TYPE, type BlobRecord } from '../../site/schemas/mirror-manifest.ts';
import { fileStem } from '../../site/schemas/node.ts';
import { collectAfter } from './collect.ts';
import { CacheFolder } from './cache-folder.ts';
import { label } from './dag.ts';
import { parseMirrorManifest } from './mirror-manifest.ts';
import { quote, refusal } from './quote.ts';
import { splitSigned, verifyManifest } from '../../site/lib/spack/signed-manifest.ts';
import { isProved, parseSpecFile, type CheckedSpecFile, type KnownNodes } from './spec-file.ts';
import { digestOf } from '../cli/digest.ts';

/** One spec of a build cache. Everything is checked except the tarball's contents. */
export interface CacheEntry extends CheckedSpecFile {
  /** The manifest's path, for messages. */
  where: string;
  /** Digest and size of the tarball as the manifest says; the file has that size. */
  tarball: Blob;
  tarballPath: string;
  /** Whether the manifest is signed. The signature is checked only when trusted keys are given. */
  signed: boolean;
}

export interface ReadOptions {
  /** The only DAG hashes that may be in the cache. Absent: any. */
  allowed?: ReadonlySet<DagHash>;
  /** The text of each node that may be in the cache, by hash, as in the plan's lock. Absent: any. */
  lock?: ReadonlyMap<DagHash, string>;
  /** Armored public keys, one of which must have signed each manifest. Absent: signatures are not checked. */
  trust?: readonly string[];
}

/** Spack writes less than 1 kB; a signature adds about as much. */
export const MANIFEST_LIMIT_BYTES = 1024 * 1024;
/** A DAG of a thousand nodes takes about 2 MB. */
export const SPEC_FILE_LIMIT_BYTES = 16 * 1024 * 1024;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const MIN_CHUNK_BYTES = 4 * 1024;
const GZIP_MAGIC = '1f8b';
const REBUILD = 'rebuild this spec and push it with Spack 1.0 or newer';

/**
 * Reads everything in a v3 build cache directory except the tarballs, sorted by the manifests' paths. Trusts
 * nothing in it. Returns an empty list for an empty directory. Throws one sentence about the first fault.
 */
export async function readBuildCache(directory: string, options: ReadOptions = {}): Promise<CacheEntry[]> {
  const folder = await CacheFolder.open(directory);
  const known: KnownNodes = new Map();
  const entries: CacheEntry[] = [];
  for (const path of await folder.listManifests())
    entries.push(await readEntry(folder, path, known, options));
  for (const entry of entries) refuseForgedExternals(entry, known);
  return entries;
}

/**
 * An external's hash cannot always be recomputed, but it must not differ from a node proved in another file.
 */
function refuseForgedExternals({ where, nodes, unverifiedExternals }: CacheEntry, known: KnownNodes): void {
  for (const hash of unverifiedExternals) {
    const proven = known.get(hash);
    const claimed = nodes.find(({ node }) => node.hash === hash);
    if (!proven || !claimed) continue;
    throw new Error(
      `${where}: expected ${hash} to be the external with that hash (${label(proven.node)}, version ` +
        `${quote(proven.node.version)}), found another (version ${quote(claimed.node.version)}); ${REBUILD}`,
    );
  }
}

async function readEntry(
  folder: CacheFolder,
  path: string,
  known: KnownNodes,
  { allowed, lock, trust }: ReadOptions,
): Promise<CacheEntry> {
  const where = folder.locate(path);
  const manifest = decodeText(await folder.read(path, MANIFEST_LIMIT_BYTES), where);
  const { text, signed } = trust
    ? { ...(await verifyManifest(manifest, [...trust], where)), signed: true }
    : splitSigned(manifest, where);
  const { tarball, spec } = findSpecBlobs(text, where);
  const tarballPath = mirrorBlobPath(tarball.digest);
  compareSize(folder, tarball, await folder.measure(tarballPath), where);
  const specText = await readSpecText(folder, spec, where);
  const checked = attempt(where, REBUILD, () => parseSpecFile(specText, known));
  checkPath(path, where, checked);
  const { hash } = checked.root.node;
  if (allowed && !allowed.has(hash)) {
    throw new Error(
      `${where}: expected one of the ${allowed.size} allowed hashes, found ${hash}; ` +
        'publish only what the plan or list names, or add it there',
    );
  }
  if (lock) attempt(where, 'build what was planned', () => refuseOtherNodes(checked, lock));
  return { ...checked, where, tarball, tarballPath: folder.locate(tarballPath), signed };
}

/**
 * Every node must be the lock's node with that hash. A node whose hash covers its whole text cannot differ;
 * the others, such as externals, whose hash proves less or nothing, are compared with the lock's text.
 */
function refuseOtherNodes({ nodes }: CheckedSpecFile, lock: ReadonlyMap<DagHash, string>): void {
  for (const entry of nodes) {
    const planned = lock.get(entry.node.hash);
    if (planned === undefined)
      throw new Error(`expected nodes of the plan's lock, found ${label(entry.node)}`);
    if (entry.text === planned || isProved(entry)) continue;
    throw new Error(`expected ${label(entry.node)} as in the plan's lock, found different text`);
  }
}

/** The two blobs that a spec's manifest names. */
export function findSpecBlobs(text: string, where: string): { tarball: Blob; spec: Blob } {
  const { data } = parseMirrorManifest(text, where);
  attempt(where, REBUILD, () => refuseAmbiguousJson(text));
  const [tarball, ...tarballs] = data.filter(({ mediaType }) => mediaType === TARBALL_MEDIA_TYPE);
  const [spec, ...specs] = data.filter(({ mediaType }) => mediaType === SPEC_MEDIA_TYPE);
  if (!tarball || !spec || tarballs.length > 0 || specs.length > 0 || data.length !== 2) {
    const mediaTypes = data.map(({ mediaType }) => quote(mediaType)).slice(0, 4);
    throw new Error(
      `${where}: expected two records, ${TARBALL_MEDIA_TYPE} and ${SPEC_MEDIA_TYPE}, ` +
        `found ${data.length}: ${mediaTypes.join(', ')}; ${REBUILD}`,
    );
  }
  if (tarball.compression !== 'gzip') {
    throw new Error(`${where}: expected a tarball compressed with gzip, found "none"; ${REBUILD}`);
  }
  return { tarball: blobOf(tarball), spec: blobOf(spec) };
}

function blobOf({ checksum, contentLength }: BlobRecord): Blob {
  return { digest: digestFrom(checksum), size: contentLength };
}

function compareSize(folder: CacheFolder, blob: Blob, size: number, where: string): void {
  const path = mirrorBlobPath(blob.digest);
  if (size === blob.size) return;
  throw new Error(
    `${folder.locate(path)}: expected ${blob.size} bytes as ${where} says, found ${size}; ` +
      'the file was cut or changed: push this spec again',
  );
}

async function readSpecText(folder: CacheFolder, blob: Blob, where: string): Promise<string> {
  const path = mirrorBlobPath(blob.digest);
  const at = folder.locate(path);
  const bytes = await folder.read(path, SPEC_FILE_LIMIT_BYTES);
  compareSize(folder, blob, bytes.length, where);
  const actual = digestOf(bytes);
  if (actual !== blob.digest) {
    throw new Error(
      `${at}: expected ${blob.digest}, found ${actual}; the file was changed: push this spec again`,
    );
  }
  return unpackSpecFile(bytes, at);
}

/** The text of a spec file, which may be compressed. */
export function unpackSpecFile(bytes: Buffer, where: string): string {
  // Like Spack, ignore what the record says about the compression.
  if (bytes.toString('hex', 0, 2) !== GZIP_MAGIC) return decodeText(bytes, where);
  const unpacked = attempt(where, REBUILD, () => uncompress(bytes));
  const text = decodeText(unpacked, where);
  collectAfter(unpacked.length, 'major');
  return text;
}

function uncompress(bytes: Buffer): Buffer {
  // One buffer if the size at the end of the file is right.
  const size = bytes.length < 4 ? 0 : bytes.readUInt32LE(bytes.length - 4);
  const chunkSize = Math.min(SPEC_FILE_LIMIT_BYTES, Math.max(MIN_CHUNK_BYTES, size + 1));
  try {
    return gunzipSync(bytes, {
      maxOutputLength: SPEC_FILE_LIMIT_BYTES,
      rejectGarbageAfterEnd: true,
      chunkSize,
    });
  } catch (cause) {
    throw new Error(
      `expected a gzip file of at most ${SPEC_FILE_LIMIT_BYTES} bytes of text, found something else`,
      {
        cause,
      },
    );
  }
}

/** A manifest must be in the folder of its package and named for its spec: Spack finds it only there. */
function checkPath(path: string, where: string, { root }: CheckedSpecFile): void {
  const expected = `${root.node.name}/${fileStem(root.node)}.spec.manifest.json`;
  if (path.endsWith(`/spec/${expected}`)) return;
  throw new Error(
    `${where}: expected this manifest to be named ${expected}, as the spec in it says; ${REBUILD}`,
  );
}

/** Decodes UTF-8; throws for other bytes and names the file. */
export function decodeText(bytes: Buffer, where: string): string {
  return attempt(where, REBUILD, () => {
    try {
      return UTF8.decode(bytes);
    } catch (cause) {
      throw new Error('expected text in UTF-8, found other bytes', { cause });
    }
  });
}

/** Runs a check; adds the file and the advice to its error. */
export function attempt<T>(where: string, advice: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw refusal(where, error, advice);
  }
}
