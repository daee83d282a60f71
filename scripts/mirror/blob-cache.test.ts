import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { beforeEach, expect, test } from 'vitest';
import { blobOf } from '../cli/digest.ts';
import { openBlobCache } from './blob-cache.ts';

const TEXT = 'what a registry sends';
const HEX = createHash('sha256').update(TEXT).digest('hex');
const BLOB = { digest: `sha256:${HEX}`, size: TEXT.length };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blobs-'));
  return () => rm(folder, { recursive: true });
});

test('fetches a blob once', async () => {
  const cache = openBlobCache(folder);
  const file = await cache.fetch(BLOB, () => Promise.resolve(Readable.from([Buffer.from(TEXT)])));
  expect(await readFile(file, 'utf8')).toBe(TEXT);
  expect(await cache.fetch(BLOB, () => Promise.reject(new Error('asked again')))).toBe(file);
});

test('fetches a blob again when its file is damaged', async () => {
  await writeFile(join(folder, HEX), 'what a registry sent!');
  const file = await openBlobCache(folder).fetch(BLOB, () =>
    Promise.resolve(Readable.from([Buffer.from(TEXT)])),
  );
  expect(await readFile(file, 'utf8')).toBe(TEXT);
});

test('checks every byte of a large file', async () => {
  const bytes = Buffer.alloc(2 ** 21 + 1, 'blob');
  const blob = blobOf(bytes);
  const cache = openBlobCache(folder);
  const file = await cache.fetch(blob, () => Promise.resolve(Readable.from([bytes])));
  expect(await cache.fetch(blob, () => Promise.reject(new Error('asked again')))).toBe(file);
  await writeFile(file, Buffer.from(bytes).fill('?', 2 ** 21));
  await expect(cache.fetch(blob, () => Promise.reject(new Error('asked again')))).rejects.toThrow(
    'asked again',
  );
});

test.each([
  ['other bytes', [Buffer.from('what a registry sends?')], /expected sha256/],
  ['too few bytes', [Buffer.from('what')], /found sha256:\w+ of 4 bytes/],
])('keeps nothing of a transfer with %s', async (_, chunks, message) => {
  const cache = openBlobCache(folder);
  await expect(cache.fetch(BLOB, () => Promise.resolve(Readable.from(chunks)))).rejects.toThrow(message);
  expect(await readdir(folder)).toEqual([]);
});

test('removes the partial file of an aborted transfer', async () => {
  const abort = new AbortController();
  const source = new Readable({ read: () => undefined });
  source.push('what');
  const transfer = openBlobCache(folder).fetch(BLOB, () => Promise.resolve(source), abort.signal);
  setTimeout(() => abort.abort(), 50);
  await expect(transfer).rejects.toThrow(/abort/i);
  expect(await readdir(folder)).toEqual([]);
});
