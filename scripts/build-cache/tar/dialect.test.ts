import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import glob from 'fast-glob';
import { expect, test } from 'vitest';
import { GNU_MAGIC, makeEntry, makePax, makeTar } from '../../../tests/world/tar-maker.ts';
import { isTarHeader, TarDialect } from './dialect.ts';

const FIXTURE_BLOBS = 'tests/fixtures/cache-unsigned/blobs/sha256';
const gnu = (header: Buffer) => header.write(GNU_MAGIC, 257, 'latin1');

function check(tar: Buffer, chunkBytes = tar.length): void {
  const dialect = new TarDialect();
  for (let at = 0; at < tar.length; at += chunkBytes) dialect.check(tar.subarray(at, at + chunkBytes));
  dialect.end();
}

test('accepts every tarball of a real cache, in chunks of any size', async () => {
  const blobs = (await glob('*/*', { cwd: FIXTURE_BLOBS, absolute: true })).map((path) => readFileSync(path));
  const tars = blobs.filter((bytes) => bytes.readUInt16BE() === 0x1f8b).map((bytes) => gunzipSync(bytes));
  const archives = tars.filter(isArchive);
  expect(archives).toHaveLength(12);
  for (const tar of archives) {
    check(tar);
    check(tar, 511);
  }
});

test.each(['gnu', 'ustar', 'posix'])('accepts what GNU tar writes as %s', (format) => {
  // Its longest paths do not fit into the name field of a header.
  const tar = execFileSync('tar', ['-c', `--format=${format}`, 'tests/fixtures/cache-signed/v3']);
  expect(tar.length).toBeGreaterThan(10_000);
  check(tar);
});

test('accepts names that need an extended header, in either format', () => {
  check(makeTar(makePax({ path: 'p/ü', mtime: '1.5', atime: '-1', uid: '100000' }), { name: 'p/?' }));
  check(makeTar(makePax({ hdrcharset: 'BINARY', path: Buffer.from('p/\xe9', 'latin1') }), { name: 'p/?' }));
  const long = { name: '././@LongLink', edit: gnu };
  check(
    makeTar(
      { ...long, type: 'K', content: 'target\0' },
      { ...long, type: 'L', content: 'name\0' },
      { name: 'n', type: '2', edit: gnu },
    ),
  );
});

const file = { name: 'p/file', content: 'text' };
const good = makeTar(file);
const end = Buffer.alloc(1024);

test.each<[string, Buffer, RegExp]>([
  ['a character device', makeTar({ name: 'p/tty', type: '3' }), /a character device named "p\/tty"/],
  ['a block device', makeTar({ name: 'p/sda', type: '4' }), /a block device/],
  ['a FIFO', makeTar({ name: 'p/pipe', type: '6' }), /a FIFO/],
  ['a contiguous file', makeTar({ name: 'p/file', type: '7' }), /an entry of type "7"/],
  ['a GNU sparse file', makeTar({ name: 'p/file', type: 'S', edit: gnu }), /a GNU sparse file/],
  ['an old file without a type', makeTar({ name: 'p/file', type: '\0' }), /an entry of type/],
  ['a global header', makeTar({ name: 'g', type: 'g', content: '12 path=abc\n' }), /a global PAX header/],
  ['a PAX header in a GNU tar', makeTar({ ...file, edit: gnu }, makePaxAsGnu()), /type "x"/],
  ['a GNU long name in a POSIX tar', makeTar({ name: 'l', type: 'L', content: 'name\0' }), /type "L"/],
  ['two formats', makeTar(file, { ...file, edit: gnu }), /one format in the whole tar/],
  ['no format', makeTar({ ...file, edit: (header) => header.fill(0, 257, 265) }), /ustar, PAX or GNU format/],
  [
    'a prefix that only some readers see',
    makeTar({
      ...file,
      edit: (header) => {
        gnu(header);
        header.write('../..', 345);
      },
    }),
    /zeros at the end of a header/,
  ],
  [
    'two extended headers in a row',
    makeTar(makePax({ path: 'a' }), makePax({ path: 'b' }), file),
    /a second/,
  ],
  ['an extended header without an entry', Buffer.concat([makePax({ path: 'a' }), end]), /found the end/],
  ['a huge extended header', makeTar(makePax({ path: 'a'.repeat(17_000) }), file), /1 to 16384 bytes/],
  ['a size in an extended header', makeTar(makePax({ size: '0' }), file), /found "size"/],
  ['a sparse map', makeTar(makePax({ 'GNU.sparse.size': '9' }), file), /found "GNU.sparse.size"/],
  ['a time that is no number', makeTar(makePax({ mtime: 'nan' }), file), /as the PAX mtime, found "nan"/],
  ['a time without an end', makeTar(makePax({ mtime: 'inf' }), file), /PAX mtime, found "inf"/],
  ['a time too far away', makeTar(makePax({ atime: '1e400' }), file), /PAX atime, found "1e400"/],
  ['an owner whom no system has', makeTar(makePax({ uid: '9'.repeat(30) }), file), /below 4294967295/],
  ['another character set', makeTar(makePax({ hdrcharset: 'UTF-7' }), file), /BINARY, found "UTF-7"/],
  ['a record twice', makeTar(Buffer.concat([paxOf('9 path=a\n9 path=b\n')]), file), /"path" twice/],
  ['an empty value', makeTar(paxOf('8 path=\n'), file), /PAX values of the stated length/],
  ['a NUL in a name', makeTar(makePax({ path: 'a\0b' }), file), /PAX values of the stated length/],
  ['a record longer than it is', makeTar(paxOf('99 path=a\n'), file), /of the stated length/],
  ['a record shorter than it is', makeTar(paxOf('8 path=ab\n'), file), /of the stated length/],
  ['what is no record', makeTar(paxOf('path=a\n'), file), /PAX records "LENGTH KEY=VALUE"/],
  ['a NUL inside a long name', makeTar(longName('a\0b\0')), /its only NUL/],
  ['a long name without an end', makeTar(longName('ab')), /its only NUL/],
  [
    'a size in base 256',
    makeTar({ ...file, edit: (header) => header.write('\x80', 124, 'latin1') }),
    /octal/,
  ],
  [
    'a size that Python alone reads',
    makeTar({ ...file, edit: (header) => header.write('0000_0000_4\0', 124) }),
    /octal/,
  ],
  [
    'a mode that is no number',
    makeTar({ ...file, edit: (header) => header.write('0o644 \0\0', 100) }),
    /octal numbers/,
  ],
  ['a link with content', makeTar({ name: 'p/l', type: '2', link: 'x', content: 'y' }), /without content/],
  ['a directory with content', makeTar({ name: 'p/d', type: '5', content: 'y' }), /without content/],
  ['a wrong checksum', Buffer.concat([flip(makeEntry(file), 3), end]), /checksum is wrong/],
  ['data after the end', Buffer.concat([makeEntry(file), end, makeEntry(file)]), /nothing but zeros/],
  ['an entry after one block of zeros', Buffer.concat([Buffer.alloc(512), good]), /nothing but zeros/],
  ['a tar without its end', makeEntry(file), /ends with two blocks of zeros/],
  [
    'one block of zeros as an end',
    Buffer.concat([makeEntry(file), Buffer.alloc(512)]),
    /two blocks of zeros/,
  ],
  ['a tar cut within a file', makeEntry(file).subarray(0, 514), /two blocks of zeros/],
  ['a tar cut within its end', good.subarray(0, -100), /two blocks of zeros/],
  ['nothing', Buffer.alloc(0), /two blocks of zeros/],
])('refuses %s', (_, tar, message) => {
  expect(() => check(tar)).toThrow(message);
  expect(() => check(tar, 7)).toThrow(message);
});

test('reports what it found in one line, whatever the name', () => {
  const name = '\n::error::x\x1b[31m\x9b';
  expect(() => check(makeTar({ name: Buffer.from(name, 'latin1'), type: '3' }))).toThrow(
    /"\\n::error::x\\u001b\[31m\\u009b"/,
  );
});

test('recognizes a tar header by its checksum', () => {
  expect(isTarHeader(makeEntry(file).subarray(0, 512))).toBe(true);
  expect(isTarHeader(Buffer.alloc(512))).toBe(false);
  expect(isTarHeader(Buffer.alloc(20))).toBe(false);
});

function isArchive(tar: Buffer): boolean {
  return isTarHeader(tar.subarray(0, 512));
}

function paxOf(content: string): Buffer {
  return makeEntry({ name: 'x', type: 'x', content });
}

function makePaxAsGnu(): Buffer {
  return makeEntry({ name: 'x', type: 'x', content: '9 path=a\n', edit: gnu });
}

function longName(content: string): Buffer {
  return makeEntry({ name: '././@LongLink', type: 'L', content, edit: gnu });
}

function flip(bytes: Buffer, at: number): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}
