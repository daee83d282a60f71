/**
 * Loaded before a script with `node --import`: makes its waits shorter (`TIME_SCALE`), and ends or starves it at one of
 * its writes (`WRITE_FAULT`, `kill:7` or `full:7`). Counts the writes of a script and its children in the file
 * `WRITES_FILE`, a byte each.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

const scale = Number(process.env['TIME_SCALE'] ?? '1');
const [kind = '', at = ''] = (process.env['WRITE_FAULT'] ?? '').split(':');
const counter = process.env['WRITES_FILE'];
/** As long as a busy machine may take for an answer, in milliseconds. */
const PATIENCE_MS = 15_000;
const { appendFileSync, statSync, writeFileSync } = fs;

shortenWaits();
if (counter !== undefined) watchWrites(counter);
syncBuiltinESMExports();

/** Limits of time, which are the longest, stay generous. */
function shorten(ms: number): number {
  return Math.max(ms / scale, Math.min(ms >= 20_000 ? PATIENCE_MS : 0, ms));
}

function shortenWaits(): void {
  const { setTimeout: later } = globalThis;
  globalThis.setTimeout = Object.assign(
    (action: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
      later(action, shorten(ms ?? 0), ...args),
    later,
  ) as typeof setTimeout;
  const { setTimeout: sleep } = timers;
  timers.setTimeout = ((ms, value, options) => sleep(shorten(ms ?? 0), value, options)) as typeof sleep;
}

/** Node's own functions write by each other. */
let isCounting = false;

/** Called before each write: ends the process, or throws as a full disk does. */
function beforeWrite(file: string, path: unknown, text: unknown): void {
  if (isCounting) return;
  isCounting = true;
  appendFileSync(file, '.');
  isCounting = false;
  const number = statSync(file).size - 1;
  if (kind === 'kill' && number === Number(at)) {
    // Killed in the middle: half of it is there.
    isCounting = true;
    if (typeof path === 'string' && typeof text === 'string')
      writeFileSync(path, text.slice(0, text.length / 2));
    process.kill(process.pid, 'SIGKILL');
  }
  // What cannot be written to the runner's file of outputs cannot be said: the job is red, and the next start of a
  // deployment finds the site behind the branch.
  if (kind === 'full' && number >= Number(at) && path !== process.env['GITHUB_OUTPUT']) {
    throw Object.assign(new Error(`ENOSPC: no space left on device, write '${String(path)}'`), {
      code: 'ENOSPC',
      errno: -28,
      syscall: 'write',
    });
  }
}

function watchWrites(file: string): void {
  const names = ['writeFile', 'appendFile', 'copyFile', 'rename', 'link', 'symlink', 'cp'] as const;
  const sync: Record<string, unknown> = fs as unknown as Record<string, unknown>;
  const promises: Record<string, unknown> = fs.promises as unknown as Record<string, unknown>;
  for (const name of [...names, ...names.map((each) => `${each}Sync`), 'createWriteStream']) {
    wrap(sync, name, (args) => beforeWrite(file, args[0], args[1]));
  }
  for (const name of names) wrap(promises, name, (args) => beforeWrite(file, args[0], args[1]));
  const opens = (args: unknown[]): void => {
    if (typeof args[1] === 'string' && /[wax]/.test(args[1])) beforeWrite(file, args[0], undefined);
  };
  for (const name of ['open', 'openSync']) wrap(sync, name, opens);
  wrap(promises, 'open', opens);
}

/** Puts a function before another; what it throws comes the way that errors of the other come. */
function wrap(holder: Record<string, unknown>, name: string, before: (args: unknown[]) => void): void {
  const original = holder[name];
  if (typeof original !== 'function') return;
  holder[name] = function wrapped(this: unknown, ...args: unknown[]): unknown {
    try {
      before(args);
    } catch (error) {
      const callback = args.at(-1);
      if (holder === (fs.promises as unknown)) return Promise.reject(error as Error);
      if (typeof callback === 'function' && !name.endsWith('Sync') && name !== 'createWriteStream') {
        process.nextTick(() => void callback(error));
        return undefined;
      }
      if (name === 'createWriteStream') {
        const stream = Reflect.apply(original, this, ['/dev/full']) as fs.WriteStream;
        process.nextTick(() => stream.destroy(error as Error));
        return stream;
      }
      throw error;
    }
    return Reflect.apply(original, this, args);
  };
}
