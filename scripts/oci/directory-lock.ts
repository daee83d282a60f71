import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { parseJson } from '../../site/lib/json.ts';
import { ignoreMissing, isErrorCode } from '../cli/files.ts';

const LOCK_NAME = '.lock';
/** A holder touches its lock at this interval to show that it is alive … */
const HEARTBEAT_MS = 5_000;
/** … and counts as dead after this long without a touch: enough for a slow disk and a busy machine. */
const STALE_MS = 60_000;
/** Time between two checks of a lock that another process holds. */
const POLL_MS = 50;

/**
 * Name of the file that a process links to the lock: it tells the process before anything is written, so that a
 * file of a process that was killed between creating and writing it is known, too.
 */
const OWN_FILE = /^\.lock\.(?<host>.+)\.(?<pid>\d+)\.[\da-f-]{36}$/;

/** Content of a lock file: the process that holds it. */
const Holder = z.object({ pid: z.number().int(), host: z.string(), token: z.string() });
type Holder = z.infer<typeof Holder>;

/**
 * Runs an action while no other process runs one in the same directory through this function. Takes over the
 * lock of a process that was killed: at once on the same host, after a minute from another host.
 */
export async function withDirectoryLock<T>(dir: string, action: () => Promise<T>): Promise<T> {
  const file = path.join(dir, LOCK_NAME);
  const holder: Holder = { pid: process.pid, host: hostname(), token: randomUUID() };
  const own = `${file}.${nameOfHost()}.${holder.pid}.${holder.token}`;
  try {
    await writeFile(own, JSON.stringify(holder));
    while (!(await tryAcquire(file, own))) await sleep(POLL_MS);
    await removeLeftovers(dir);
    const heartbeat = setInterval(() => void touch(file), HEARTBEAT_MS);
    // The timer must not keep the process alive: when the process ends, its lock expires.
    heartbeat.unref();
    try {
      return await action();
    } finally {
      clearInterval(heartbeat);
      if ((await readHolder(file))?.token === holder.token) await rm(file, { force: true });
    }
  } finally {
    await rm(own, { force: true });
  }
}

/** Takes the lock if it is free or its holder is dead. */
async function tryAcquire(file: string, own: string): Promise<boolean> {
  try {
    // The lock is this file: without a new time, that of a process that has waited long would look stale.
    await touch(own);
    // Creating a hard link is atomic and never overwrites an existing file.
    await link(own, file);
    return true;
  } catch (error) {
    if (!isErrorCode(error, 'EEXIST')) throw error;
  }
  const dead = await readDeadHolder(file);
  return dead !== undefined && (await inherit(file, own, dead));
}

/**
 * Takes over a dead holder's lock. Of all processes that try, the one that creates the heir file wins. The heir
 * file is a lock itself, since its process may be killed, too.
 */
async function inherit(file: string, own: string, dead: Holder): Promise<boolean> {
  const heir = `${file}.${dead.token}.heir`;
  if (!(await tryAcquire(heir, own))) return false;
  if ((await readHolder(file))?.token !== dead.token) {
    await rm(heir, { force: true });
    return false;
  }
  await rename(heir, file);
  return true;
}

/** Removes the files that killed processes left next to the lock, but not those of processes that wait. */
async function removeLeftovers(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!name.startsWith(`${LOCK_NAME}.`)) continue;
    const file = path.join(dir, name);
    if (isOwnFileOfDead(name) ?? (await isHeldByDead(file))) await rm(file, { force: true });
  }
}

/** `undefined` for a name that tells no process. */
function isOwnFileOfDead(name: string): boolean | undefined {
  const { host, pid } = OWN_FILE.exec(name)?.groups ?? {};
  return host && pid ? host === nameOfHost() && !isRunning(Number(pid)) : undefined;
}

async function isHeldByDead(file: string): Promise<boolean> {
  const holder = await readHolder(file);
  return holder !== undefined && isDead(holder);
}

/** Of a process on another host nothing is known. */
function isDead({ host, pid }: Holder): boolean {
  return host === hostname() && !isRunning(pid);
}

/** Name of this host as part of a file name. */
function nameOfHost(): string {
  return encodeURIComponent(hostname());
}

async function readDeadHolder(file: string): Promise<Holder | undefined> {
  const holder = await readHolder(file);
  if (!holder) return undefined;
  if (isDead(holder)) return holder;
  const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Date.now() }));
  return Date.now() - mtimeMs > STALE_MS ? holder : undefined;
}

async function readHolder(file: string): Promise<Holder | undefined> {
  const text = await readFile(file, 'utf8').catch(ignoreMissing);
  const source = { where: file, expected: 'a lock', advice: 'remove it when nothing is being published' };
  return text === undefined ? undefined : parseJson(text, Holder, source);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isErrorCode(error, 'EPERM');
  }
}

async function touch(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now).catch(() => undefined);
}
