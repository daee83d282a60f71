import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Blob, Build, BuildTimes, Contents, Tarball } from '../../../site/schemas/build.ts';
import { collectAfter } from '../collect.ts';
import { quote, refusal } from '../quote.ts';
import { isTarHeader, TarDialect } from './dialect.ts';
import { readTar } from './reader.ts';
import { digestFrom } from '../../../site/schemas/digest.ts';

/** Expected properties of a tarball. */
export interface ExpectedTarball {
  /** The file that names the tarball, for errors. */
  where: string;
  /** Digest and size as stated in that file. */
  blob: Blob;
  /** Platform of its node; on `darwin`, names that differ only in case are the same. */
  platform: string;
  /** End of its install prefix: `<name>-<version>-<hash>`. Absent: not compared. */
  prefixName?: string;
}

export interface InspectedTarball {
  tarball: Tarball;
  contents: Contents;
  /** Version of Spack that built it, as the builder reported it: not trustworthy. Absent: not reported. */
  spackVersion?: string | undefined;
  /** Build times as the builder reported them. Absent: not reported. */
  times?: BuildTimes | undefined;
  /** Spack's own bill of materials. Absent: there is none that is readable. */
  sbom?: NonNullable<Build['sbom']> | undefined;
  /** Bytes of the compressed build log. Absent: there is none. */
  logSize?: number | undefined;
}

/**
 * Stops a small file that would unpack for hours: real installs unpack to 2 to 5 times their tarball, text to
 * 10 times, and zeros to 1,000 times. The largest installs have about 20 GB.
 */
const UNCOMPRESSED_BASE_BYTES = 1024 ** 3;
const UNCOMPRESSED_RATIO = 200;
const UNCOMPRESSED_LIMIT_BYTES = 64 * 1024 ** 3;
/**
 * Bytes to read of the rest of a tarball that is already refused: a sparse file of any size costs its sender
 * nothing.
 */
const DAMAGE_LIMIT_BYTES = 128 * 1024 ** 2;
const GUNZIP_CHUNK_BYTES = 256 * 1024;
const MIN_GUNZIP_CHUNK_BYTES = 4 * 1024;
const TAR_BLOCK_BYTES = 512;
/** Folders in which the base system of a container has files. */
const SYSTEM_FOLDER =
  /^\/(?:usr\/)?(?:bin|sbin|lib\d*|libx?32|libexec|include|share|etc|dev|proc|sys|boot|run)\/|^\/usr\/$/;

/**
 * Reads a tarball once, checks it and collects everything that the catalog records about it. Keeps little
 * more than the names of its entries in memory. Throws one sentence when it is not the expected blob or not
 * safe to unpack.
 */
export async function inspectTarball(source: Readable, expected: ExpectedTarball): Promise<InspectedTarball> {
  const blob = new MeasuredBlob(source, expected.blob);
  try {
    const outcome = await readArchive(blob, expected).catch((cause: unknown) => ({ cause }));
    // A damaged blob fails in many ways; report the damage instead.
    const damage = await blob.findDamage('cause' in outcome ? DAMAGE_LIMIT_BYTES : Infinity);
    if (damage) throw refusal(expected.where, damage, 'the file was cut or changed: push this spec again');
    if ('cause' in outcome) {
      throw refusal(expected.where, explain(outcome.cause), 'rebuild this spec and push it');
    }
    return outcome;
  } finally {
    source.destroy();
  }
}

async function readArchive(blob: MeasuredBlob, expected: ExpectedTarball): Promise<InspectedTarball> {
  const hash = createHash('sha256');
  const limit = uncompressedLimit(expected.blob.size);
  const { sink, result } = readTar(expected.platform);
  const flow = pipeline(
    blob.read(),
    refuseTarInside,
    createGunzip({ chunkSize: chunkSize(expected.blob.size), rejectGarbageAfterEnd: true }),
    (chunks: AsyncIterable<Buffer>) => checkTar(chunks, limit, (chunk) => hash.update(chunk)),
    sink,
  );
  const [read] = await Promise.all([result, flow]);
  collectAfter(chunkSize(expected.blob.size), 'major');
  if (expected.prefixName !== undefined) checkPrefix(read.contents.prefix, expected.prefixName);
  const { contents, installedSize, files, spackVersion, times, sbom, logSize } = read;
  return {
    tarball: {
      ...expected.blob,
      uncompressedDigest: digestFrom(hash.digest('hex')),
      installedSize,
      files,
    },
    contents,
    spackVersion,
    times,
    sbom,
    logSize,
  };
}

/** Spack unpacks anywhere, but patches and images use the prefix that the tarball names. */
function checkPrefix(prefix: string, name: string): void {
  const folder = prefix.slice(0, -name.length);
  if (prefix.endsWith(`/${name}`) && folder !== '/' && !SYSTEM_FOLDER.test(folder)) return;
  throw new Error(
    `expected an install prefix that ends in /${name} and is in no folder of the system, found ${quote(prefix)}`,
  );
}

/** Each tarball allocates a buffer of this size: small tarballs get a small one. */
function chunkSize(compressedBytes: number): number {
  return Math.min(GUNZIP_CHUNK_BYTES, Math.max(MIN_GUNZIP_CHUNK_BYTES, 4 * compressedBytes));
}

/** Maximum bytes of uncompressed tar for a tarball of this size. */
export function uncompressedLimit(compressedBytes: number): number {
  return Math.min(UNCOMPRESSED_LIMIT_BYTES, UNCOMPRESSED_BASE_BYTES + UNCOMPRESSED_RATIO * compressedBytes);
}

/** Explains errors of zlib; others are clear as they are. */
function explain(cause: unknown): unknown {
  const isZlib = cause instanceof Error && 'code' in cause && /^(Z_|ERR_TRAILING_)/.test(String(cause.code));
  return isZlib
    ? new Error(`expected one gzip file and nothing after it, found: ${cause.message}`, { cause })
    : cause;
}

/** Passes on the uncompressed tar as long as it is in Spack's dialect and within the limit in bytes. */
export async function* checkTar(
  chunks: AsyncIterable<Buffer>,
  limit: number,
  measure: (chunk: Buffer) => void = () => undefined,
): AsyncGenerator<Buffer> {
  const dialect = new TarDialect(limit);
  for await (const chunk of chunks) {
    dialect.check(chunk);
    measure(chunk);
    yield chunk;
    collectAfter(chunk.length, 'minor');
  }
  dialect.end();
}

/** A gzip file can also begin with a tar header, which some readers (GNU tar) look for first. */
async function* refuseTarInside(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (head.length < TAR_BLOCK_BYTES) {
      head = Buffer.concat([head, chunk]).subarray(0, TAR_BLOCK_BYTES);
      if (isTarHeader(head)) throw new Error('expected a gzip file, found one that is a tar as well');
    }
    yield chunk;
  }
}

/** Hashes and counts a blob's bytes while passing them on; can read to the end after its reader gave up. */
class MeasuredBlob {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #expected: Blob;
  readonly #hash = createHash('sha256');
  #size = 0;
  #damage: unknown;

  constructor(source: Readable, expected: Blob) {
    this.#chunks = source[Symbol.asyncIterator]();
    this.#expected = expected;
  }

  /** The bytes from where the last reader stopped. Throws when there are more than expected. */
  async *read(): AsyncGenerator<Buffer> {
    for (;;) {
      // Unlike this loop, `for await` would close the source when a reader gives up.
      const { done, value } = await this.#chunks.next().catch((error: unknown) => {
        this.#damage = error;
        throw error;
      });
      if (done) return;
      this.#hash.update(value);
      this.#size += value.length;
      if (this.#size > this.#expected.size) {
        this.#damage = this.#error(`${this.#expected.size} bytes`, 'more');
        throw this.#damage;
      }
      yield value;
    }
  }

  /**
   * Reads the rest, once, and returns what is wrong with the blob as a whole; undefined when nothing is.
   * @param limitBytes limit for the rest: when there is more, the result is undefined, too
   */
  async findDamage(limitBytes = Infinity): Promise<unknown> {
    const end = this.#size + limitBytes;
    try {
      for await (const chunk of this.read()) if (this.#size + chunk.length > end) return undefined;
    } catch (error) {
      this.#damage ??= error;
    }
    if (this.#damage !== undefined) return this.#damage;
    const { digest, size } = this.#expected;
    if (this.#size !== size) return this.#error(`${size} bytes`, `${this.#size}`);
    const actual = digestFrom(this.#hash.digest('hex'));
    return actual === digest ? undefined : this.#error(digest, actual);
  }

  #error(expected: string, actual: string): Error {
    return new Error(`expected a tarball of ${expected}, found ${actual}`);
  }
}
