import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withDirectoryLock } from './directory-lock.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
});

afterEach(() => rm(folder, { recursive: true }));

test('a lock leaves nothing in its folder', async () => {
  await withDirectoryLock(folder, async () => {});
  expect(await readdir(folder)).toEqual([]);
});

test('a file that a process created and was killed before writing is removed', async () => {
  const { pid } = spawnSync('true');
  await writeFile(join(folder, `.lock.${hostname()}.${pid}.${randomUUID()}`), '');
  await withDirectoryLock(folder, async () => {});
  expect(await readdir(folder)).toEqual([]);
});

test.each([
  { whose: 'a process that is about to wait', host: hostname() },
  { whose: 'another host', host: 'elsewhere.example.org' },
])('a file of $whose stays, written or not', async ({ host }) => {
  const names = [randomUUID(), randomUUID()].map((token) => `.lock.${host}.${process.pid}.${token}`);
  await writeFile(join(folder, names[0] ?? ''), '');
  await writeFile(
    join(folder, names[1] ?? ''),
    JSON.stringify({ pid: process.pid, host, token: randomUUID() }),
  );
  await withDirectoryLock(folder, async () => {});
  expect((await readdir(folder)).sort()).toEqual(names.sort());
});
