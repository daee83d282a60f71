import prettyBytes from 'pretty-bytes';
import { quote } from '../quote.ts';
import { ownValue } from '../../../site/schemas/safe-text.ts';

const BLOCK_BYTES = 512;

const POSIX_MAGIC = 'ustar\x0000';

const GNU_MAGIC = 'ustar  \0';

/**
 * More than two of the longest paths that systems allow. The body of an extended header is kept in memory
 * whole.
 */
const EXTENSION_LIMIT_BYTES = 16 * 1024;

/** Offset and length of the numbers in a header: mode, uid, gid, mtime, checksum, device. */
const NUMBERS = [
  [100, 8],
  [108, 8],
  [116, 8],
  [136, 12],
  [148, 8],
  [329, 8],
  [337, 8],
] as const;

/** Accepted type flags: file, hard link, symbolic link, directory. */
const ENTRY_FLAGS = new Set(['0', '1', '2', '5']);

const REFUSED_FLAGS: Record<string, string> = {
  '3': 'a character device',
  '4': 'a block device',
  '6': 'a FIFO',
  g: 'a global PAX header',
  S: 'a GNU sparse file',
};

/**
 * Accepts a single dialect of tar: the part that Spack writes and that Python's tarfile, GNU tar, Go's
 * archive/tar and tar-stream all read alike. If readers disagreed, a client might unpack something other than
 * what was checked. The bytes are not changed. Errors say what was expected and found; the caller adds the
 * file.
 */
export class TarDialect {
  #magic: string | undefined;
  /** Bytes read so far. */
  #offset = 0;
  /** Parts of an incomplete header or extension body. */
  #parts: Buffer[] = [];
  #wanted = BLOCK_BYTES;
  /** Remaining bytes of a file's content and its padding. */
  #skip = 0;
  /** Flag and size of the extension whose body is next. */
  #extension: { flag: string; size: number } | undefined;
  /** Flags of the extensions that precede the next entry. */
  readonly #pending = new Set<string>();
  /** Bytes since the first zero block, including that block. */
  #zeros = 0;

  readonly #limit: number;

  /** @param limitBytes size limit of the whole archive */
  constructor(limitBytes = Infinity) {
    this.#limit = limitBytes;
  }

  /** Checks the next bytes of the uncompressed archive. */
  check(chunk: Buffer): void {
    this.#expectRoom(this.#offset + chunk.length);
    for (let at = 0; at < chunk.length;) {
      const taken = this.#take(chunk.subarray(at));
      at += taken;
      this.#offset += taken;
    }
  }

  /** Marks the end of the archive; throws when it is incomplete. */
  end(): void {
    if (this.#zeros >= 2 * BLOCK_BYTES && this.#offset % BLOCK_BYTES === 0) return;
    throw new Error(
      `expected a tar that ends with two blocks of zeros, found its end after ${this.#offset} bytes without them`,
    );
  }

  /** Returns the number of bytes used. */
  #take(bytes: Buffer): number {
    if (this.#zeros > 0) {
      if (!isZero(bytes)) throw this.#error('nothing but zeros after the end of the archive', 'more data');
      this.#zeros += bytes.length;
      return bytes.length;
    }
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      return skipped;
    }
    const part = bytes.subarray(0, this.#wanted);
    this.#parts.push(part);
    this.#wanted -= part.length;
    if (this.#wanted === 0) {
      const block = this.#parts.length === 1 ? part : Buffer.concat(this.#parts);
      this.#parts = [];
      this.#wanted = BLOCK_BYTES;
      if (this.#extension) this.#checkExtension(block, this.#extension);
      else this.#checkHeader(block);
    }
    return part.length;
  }

  #checkHeader(block: Buffer): void {
    if (isZero(block)) {
      if (this.#pending.size > 0) throw this.#error('an entry after an extended header', 'the end');
      this.#zeros = BLOCK_BYTES;
      return;
    }
    if (!isTarHeader(block)) throw this.#error('a tar header', 'a block whose checksum is wrong');
    const name = quote(textAt(block, 0, 100).split('\0')[0] ?? '');
    this.#checkMagic(block, name);
    for (const [start, length] of NUMBERS) {
      const number = textAt(block, start, length);
      if (!/^[0-7]*[ \0]*$/.test(number)) {
        throw this.#error('octal numbers in a header', `${quote(number)} in that of ${name}`);
      }
    }
    const size = this.#readSize(block, name);
    const flag = textAt(block, 156, 1);
    if (ENTRY_FLAGS.has(flag)) {
      if (flag !== '0' && size > 0) {
        throw this.#error('a link or directory without content', `${name} with ${size} bytes`);
      }
      this.#pending.clear();
      this.#expectRoom(this.#offset + size);
      this.#skip = padded(size);
    } else this.#startExtension(flag, size, name);
  }

  #checkMagic(block: Buffer, name: string): void {
    const magic = textAt(block, 257, 8);
    if (magic !== POSIX_MAGIC && magic !== GNU_MAGIC) {
      throw this.#error(
        'a tar in ustar, PAX or GNU format',
        `magic ${quote(magic)} in the header of ${name}`,
      );
    }
    this.#magic ??= magic;
    if (magic !== this.#magic) throw this.#error('one format in the whole tar', `another at ${name}`);
    // One reader takes these bytes for a path's prefix, another for times or sparse maps.
    const unused = magic === GNU_MAGIC ? block.subarray(345) : block.subarray(500);
    if (!isZero(unused)) throw this.#error('zeros at the end of a header', `data in that of ${name}`);
  }

  #readSize(block: Buffer, name: string): number {
    const digits = /^([0-7]+)[ \0]*$/.exec(textAt(block, 124, 12))?.[1];
    if (digits !== undefined) return Number.parseInt(digits, 8);
    throw this.#error(
      'a size in octal digits (files up to 8 GiB)',
      `another notation in the header of ${name}`,
    );
  }

  #startExtension(flag: string, size: number, name: string): void {
    const known = this.#magic === POSIX_MAGIC ? ['x'] : ['L', 'K'];
    if (!known.includes(flag)) {
      throw this.#error(
        'files, directories, symbolic and hard links',
        `${ownValue(REFUSED_FLAGS, flag) ?? `an entry of type ${quote(flag)}`} named ${name}`,
      );
    }
    if (this.#pending.has(flag)) throw this.#error('one extended header for an entry', 'a second');
    if (size === 0 || size > EXTENSION_LIMIT_BYTES) {
      throw this.#error(`an extended header of 1 to ${EXTENSION_LIMIT_BYTES} bytes`, `${size} bytes`);
    }
    this.#pending.add(flag);
    this.#extension = { flag, size };
    this.#wanted = padded(size);
  }

  #checkExtension(block: Buffer, { flag, size }: { flag: string; size: number }): void {
    this.#extension = undefined;
    const body = block.subarray(0, size);
    if (flag === 'x') checkPax(body);
    else if (size < 2 || body.indexOf(0) !== size - 1) {
      throw this.#error('a long name that ends with its only NUL', quote(body.toString()));
    }
  }

  #expectRoom(bytes: number): void {
    if (bytes <= this.#limit) return;
    throw new Error(
      `expected a tar of at most ${prettyBytes(this.#limit)} for its compressed size, found ${prettyBytes(bytes)} or more`,
    );
  }

  #error(expected: string, found: string): Error {
    return new Error(`expected ${expected}, found ${found} (near byte ${this.#offset} of the tar)`);
  }
}

/** Whether a block has the checksum of a tar header; a block of zeros does not. */
export function isTarHeader(block: Buffer): boolean {
  if (block.length < BLOCK_BYTES) return false;
  const digits = /^([0-7]+)[ \0]*$/.exec(textAt(block, 148, 8))?.[1];
  // The checksum counts its own field as eight spaces.
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK_BYTES; at += 1) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  return digits !== undefined && Number.parseInt(digits, 8) === sum;
}

function isZero(bytes: Buffer): boolean {
  return bytes.equals(Buffer.alloc(bytes.length));
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}

function textAt(block: Buffer, start: number, length: number): string {
  return block.toString('latin1', start, start + length);
}

/**
 * Keys that affect only names, owners and times. Left out on purpose: `size`, `GNU.sparse.*` and other keys
 * that move or reshape content, which readers treat differently.
 */
const KEYS = new Set([
  'path',
  'linkpath',
  'uid',
  'gid',
  'uname',
  'gname',
  'mtime',
  'atime',
  'ctime',
  'hdrcharset',
]);

/** Python fails to set a time that is not finite, or that its system cannot hold. */
const TIME = /^-?\d{1,12}(?:\.\d+)?$/;
const TIMES = new Set(['mtime', 'atime', 'ctime']);
/** The same of an owner, whom root sets. */
const ID_LIMIT = 2 ** 32 - 1;
const IDS = new Set(['uid', 'gid']);

/**
 * Checks the body of a PAX extended header more strictly than any reader does: records of exactly the stated
 * length, known keys, each once, no empty value. Names that are not UTF-8 are accepted, since Spack packs
 * them unchanged.
 */
function checkPax(body: Buffer): void {
  const seen = new Set<string>();
  for (let at = 0; at < body.length;) {
    const [head, digits, key] =
      /^([1-9]\d{0,5}) ([^=\0\n]+)=/.exec(body.toString('latin1', at, at + 128)) ?? [];
    if (head === undefined || key === undefined) {
      throw new Error(`expected PAX records "LENGTH KEY=VALUE", found ${quote(body.toString('utf8', at))}`);
    }
    const end = at + Number(digits);
    const value = body.subarray(at + head.length, end - 1);
    if (end > body.length || value.length === 0 || value.includes(0) || body[end - 1] !== 0x0a) {
      throw new Error(`expected PAX values of the stated length, found a different one at ${quote(key)}`);
    }
    checkKey(key, value.toString('latin1'), seen);
    at = end;
  }
}

function checkKey(key: string, value: string, seen: Set<string>): void {
  if (!KEYS.has(key)) {
    throw new Error(`expected PAX keys ${[...KEYS].join(', ')}, found ${quote(key)}`);
  }
  if (seen.has(key)) throw new Error(`expected each PAX key once, found ${quote(key)} twice`);
  // Python writes this key for names that are not UTF-8; every reader then uses their bytes unchanged.
  if (key === 'hdrcharset' && value !== 'BINARY') {
    throw new Error(`expected the PAX character set BINARY, found ${quote(value)}`);
  }
  if (TIMES.has(key) && !TIME.test(value))
    throw new Error(`expected seconds as the PAX ${key}, found ${quote(value)}`);
  if (IDS.has(key) && !(/^\d+$/.test(value) && Number(value) < ID_LIMIT))
    throw new Error(`expected a number below ${ID_LIMIT} as the PAX ${key}, found ${quote(value)}`);
  seen.add(key);
}
