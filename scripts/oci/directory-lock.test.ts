import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
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

test('the process after a killed heir takes the lock', async () => {
  const { pid } = spawnSync('true');
  const [holder, heir] = [randomUUID(), randomUUID()].map((token) => ({ pid, host: hostname(), token }));
  await writeFile(join(folder, '.lock'), JSON.stringify(holder));
  await writeFile(join(folder, `.lock.${holder?.token}.heir`), JSON.stringify(heir));
  await withDirectoryLock(folder, async () => {});
  expect(await readdir(folder)).toEqual([]);
});

test('a lock is as new as its holder, however long that has waited', async () => {
  const end = Promise.withResolvers();
  const hold = withDirectoryLock(folder, () => end.promise);
  await vi.waitUntil(async () => (await readdir(folder)).includes('.lock'), { timeout: 60_000 });
  let inside = 0;
  let most = 0;
  const waiters = ['second', 'third'].map(() =>
    withDirectoryLock(folder, async () => {
      most = Math.max(most, (inside += 1));
      await setTimeout(300);
      inside -= 1;
    }),
  );
  await vi.waitUntil(async () => (await readdir(folder)).length === 4, { timeout: 60_000 });
  for (const name of await readdir(folder)) if (name !== '.lock') await utimes(join(folder, name), 0, 0);
  end.resolve(undefined);
  await Promise.all([hold, ...waiters]);
  expect(most).toBe(1);
});
