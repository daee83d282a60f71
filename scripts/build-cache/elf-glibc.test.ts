import { expect, test, vi } from 'vitest';
import { compareVersions } from '../../site/lib/spack/versions.ts';
import { GlibcScan } from './elf-glibc.ts';

const ELF = '\x7fELF\x02\x01';

function scan(files: string[], chunkBytes = 1024): string | undefined {
  const glibc = new GlibcScan();
  for (const file of files) {
    const take = glibc.startFile();
    const bytes = Buffer.from(file, 'latin1');
    for (let at = 0; at < bytes.length; at += chunkBytes) take(bytes.subarray(at, at + chunkBytes));
  }
  return glibc.newest;
}

test('finds the newest version by number, over all files', () => {
  expect(scan([`${ELF}\0GLIBC_2.9\0GLIBC_2.34\0GLIBC_2.2.5\0`, `${ELF}\0GLIBC_2.17\0`])).toBe('2.34');
});

test.each([1, 2, 3, 5, 7, 11, 31, 32, 33])('finds it in pieces of %i bytes', (chunkBytes) => {
  const padding = 'x'.repeat(50);
  expect(scan([`${ELF}${padding}\0GLIBC_2.38\0${padding}`], chunkBytes)).toBe('2.38');
});

test.each([
  ['a text file', 'see \0GLIBC_2.34\0'],
  ['a file shorter than the magic', '\x7fE'],
  ['a private version', `${ELF}\0GLIBC_PRIVATE\0`],
  ['another name that begins so', `${ELF}\0GLIBC_2.34x\0`],
  ['another name that ends so', `${ELF}\0MYGLIBC_2.34\0`],
  ['a name in a sentence', `${ELF} GLIBC_2.34 is needed\0`],
  ['GLIBCXX', `${ELF}\0GLIBCXX_3.4.30\0`],
])('finds none in %s', (_, content) => {
  expect(scan([content])).toBeUndefined();
  expect(scan([content], 3)).toBeUndefined();
});

test.each(['GLIBC_', '\0GLIBC_', '\0GLIBC_2.1\0'])('does not examine each of many %j', (text) => {
  const file = Buffer.alloc(1_000_000, text, 'latin1');
  file.write(`${ELF}\0GLIBC_2.34\0`, 'latin1');
  const look = vi.spyOn(Buffer.prototype, 'indexOf');
  expect(scan([file.toString('latin1')], 64 * 1024)).toBe('2.34');
  expect(look.mock.calls.length).toBeLessThan(file.length / 100);
  look.mockRestore();
});

test('compares versions by number', () => {
  const sorted = ['2.2.5', '2.3', '2.3.4', '2.34', '3.0'];
  expect([...sorted].reverse().sort(compareVersions)).toEqual(sorted);
});
