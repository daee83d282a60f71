import { execFileSync } from 'node:child_process';
import fastGlob from 'fast-glob';
import { DAY_MS } from '../../site/lib/format.ts';
import { annotate } from '../github/actions.ts';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';

/** Paths at which Linux distributions install datefudge's library. */
const PLACES = '/usr/{lib,lib64}{,/*}{,/datefudge}/datefudge.so';

/**
 * Variables for `spack/build_clock.py` that set the clock of build scripts this many days ahead. Returns
 * none, and warns, where this machine has no datefudge.
 *
 * Not libfaketime: version 0.9.10 of Ubuntu 24.04 also changes sleeps and the times of files. With it
 * Python's `time.sleep` fails, rustc hangs, and make rebuilds targets that are older than a file that was
 * touched.
 */
export function setClockAhead(days: number): Record<string, string> {
  if (days === 0) return {};
  const seconds = (days * DAY_MS) / 1_000;
  const library = fastGlob.sync(PLACES).find((path) => works(path, seconds));
  if (library !== undefined) return { SPACK_BUILD_CLOCK: `${seconds} ${library}` };
  annotate(
    'warning',
    'build scripts see the real time: expected datefudge, found none that works here, so dates of this month or year ' +
      'count as equal; on Debian and Ubuntu: apt-get install datefudge',
  );
  return {};
}

function works(library: string, seconds: number): boolean {
  const env = { ...process.env, LD_PRELOAD: library, DATEFUDGE: `-${seconds}` };
  try {
    const seen = Number(execFileSync('date', ['+%s'], { env, stdio: ['ignore', 'pipe', 'ignore'] }));
    return seen > Date.now() / 1_000 + seconds / 2;
  } catch {
    return false;
  }
}

/** The same on every runner, since images combine binaries from several runs. */
export const INSTALL_ROOT = '/opt/software';

/** Creates the folder that Spack installs into, with `sudo` where GitHub's runners need it. */
export function prepareInstallRoot(path: string): void {
  if (!path.startsWith('/')) throw new Error(`${path}: expected the absolute path of an install root`);
  if (isWritable(path)) return;
  try {
    mkdirSync(path, { recursive: true });
    if (isWritable(path)) return;
  } catch {
    // No permission; try sudo.
  }
  try {
    execFileSync('sudo', ['-n', 'mkdir', '-p', path], { stdio: 'ignore' });
    execFileSync('sudo', ['-n', 'chown', String(userInfo().uid), path], { stdio: 'ignore' });
  } catch (cause) {
    throw new Error(`${path}: cannot install there; make that folder writable, or give --root DIR`, {
      cause,
    });
  }
}

function isWritable(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
