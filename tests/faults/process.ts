/**
 * Loaded before a script with `node --import`: shortens its waits (`TIME_SCALE`) and its time limits, most of
 * all when a request gets no response (`IS_SILENT`), and at one of its writes ends it or fills the disk
 * (`WRITE_FAULT`, a fault as JSON). Writes the names of all writes of the script and its children to the file
 * `WRITES_FILE`, one per line. While `FULL_DISK_FILE` exists, the disk is full.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { relative } from 'node:path';
import timers from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Fault } from './faults.ts';
import { nameOf } from './names.ts';

const scale = Number(process.env['TIME_SCALE'] ?? '1');
const fault = JSON.parse(process.env['WRITE_FAULT'] ?? 'null') as Fault | null;
const { WRITES_FILE: counter, FULL_DISK_FILE: fullDisk = '', CHECKOUT = '' } = process.env;
/** Timers of at least this many milliseconds are limits, others are waits. */
const LIMITS_FROM_MS = 20_000;
/** Time in milliseconds that a response may take on a busy machine; less when it never comes. */
const limitMs = process.env['IS_SILENT'] === 'true' ? 4_000 : 60_000;
const { appendFileSync, existsSync, readFileSync, writeFileSync } = fs;

shortenWaits();
if (counter !== undefined) watchWrites(counter);
syncBuiltinESMExports();

/** Whether a timer was set by a package, or by Node's copy of it. */
function isOf(name: string): boolean {
  return new Error().stack?.includes(name) === true;
}

function shortenWaits(): void {
  const { setTimeout: later } = globalThis;
  const limit = (ms: number): number =>
    Math.max(ms / scale, ms >= LIMITS_FROM_MS ? Math.min(ms, limitMs) : 0);
  globalThis.setTimeout = Object.assign(
    (action: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      // fetch counts these timers, half a second each, up to its own limits: shortened, a busy machine would
      // seem silent.
      if (isOf('undici')) return later(action, ms, ...args);
      // Octokit only waits through bottleneck.
      return later(action, isOf('bottleneck') ? ms / scale : limit(ms), ...args);
    },
    later,
  ) as typeof setTimeout;
  AbortSignal.timeout = (ms) => {
    const ending = new AbortController();
    const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
    later(() => ending.abort(reason), limit(ms)).unref();
    return ending.signal;
  };
  // Timers that are awaited are waits.
  const { setTimeout: sleep } = timers;
  timers.setTimeout = ((ms, value, options) => sleep((ms ?? 0) / scale, value, options)) as typeof sleep;
}

/** Whether a write is in progress or being counted. */
let isCounting = false;

/** Called before each write: ends the process, or throws like a full disk. */
function beforeWrite(file: string, action: string, path: unknown, text: unknown): void {
  // The null device and the process's streams never fill up.
  if (isCounting || typeof path === 'number' || String(path).startsWith('/dev/')) return;
  isCounting = true;
  try {
    const name = nameOf(`${action} ${relative(CHECKOUT, pathOf(path))}`);
    const occurrence = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line === name).length;
    appendFileSync(file, `${name}\n`);
    const isHit = fault !== null && fault.at.name === name && fault.at.occurrence === occurrence;
    if (isHit && 'write' in fault) {
      writeFileSync(`${file}.met`, '');
      if (fault.write === 'full') writeFileSync(fullDisk, '');
      else {
        // The process is killed in the middle: half of the text is written.
        if (typeof path === 'string' && typeof text === 'string') {
          const write = action.startsWith('append') ? appendFileSync : writeFileSync;
          write(path, text.slice(0, text.length / 2));
        }
        process.kill(process.pid, 'SIGKILL');
      }
    }
    // A job that cannot write outputs fails, and the next start of a deployment finds the site behind the
    // branch.
    if (!existsSync(fullDisk) || path === process.env['GITHUB_OUTPUT']) return;
  } finally {
    isCounting = false;
  }
  throw Object.assign(new Error(`ENOSPC: no space left on device, write '${String(path)}'`), {
    code: 'ENOSPC',
    errno: -28,
    syscall: 'write',
  });
}

function pathOf(path: unknown): string {
  return path instanceof URL ? fileURLToPath(path) : String(path);
}

function watchWrites(file: string): void {
  const names = ['writeFile', 'appendFile', 'copyFile', 'rename', 'link', 'symlink', 'cp'] as const;
  const sync: Record<string, unknown> = fs as unknown as Record<string, unknown>;
  const promises: Record<string, unknown> = fs.promises as unknown as Record<string, unknown>;
  for (const name of [...names, ...names.map((each) => `${each}Sync`)]) {
    wrap(sync, name, (args) => beforeWrite(file, name, targetOf(name, args), textOf(name, args)));
  }
  for (const name of names)
    wrap(promises, name, (args) => beforeWrite(file, name, targetOf(name, args), textOf(name, args)));
  const opens = (args: unknown[]): void => {
    if (typeof args[1] === 'string' && /[wax]/.test(args[1])) beforeWrite(file, 'open', args[0], undefined);
  };
  for (const name of ['open', 'openSync']) wrap(sync, name, opens);
  wrap(promises, 'open', opens);
}

/** Path that is written: copies, moves and links have it as the second argument. */
function targetOf(action: string, args: unknown[]): unknown {
  return /^(?:copyFile|rename|link|symlink|cp)(?:Sync)?$/.test(action) ? args[1] : args[0];
}

/** Text that is written. Moves are atomic; partial copies are not simulated. */
function textOf(action: string, args: unknown[]): unknown {
  return /^(?:write|append)/.test(action) ? args[1] : undefined;
}

/** Calls a function before another; its errors are reported in the same way as those of the other. */
function wrap(holder: Record<string, unknown>, name: string, before: (args: unknown[]) => void): void {
  const original = holder[name];
  if (typeof original !== 'function') return;
  holder[name] = function wrapped(this: unknown, ...args: unknown[]): unknown {
    try {
      before(args);
    } catch (error) {
      const callback = args.at(-1);
      if (holder === (fs.promises as unknown)) return Promise.reject(error as Error);
      if (typeof callback === 'function' && !name.endsWith('Sync')) {
        process.nextTick(() => void callback(error));
        return undefined;
      }
      throw error;
    }
    // Node's functions call each other: appendFileSync calls writeFileSync.
    const wasCounting = isCounting;
    isCounting ||= name.endsWith('Sync');
    try {
      return Reflect.apply(original, this, args);
    } finally {
      isCounting = wasCounting;
    }
  };
}
