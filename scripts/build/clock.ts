import { execFileSync } from 'node:child_process';
import fastGlob from 'fast-glob';
import { DAY_MS } from '../../site/lib/format.ts';
import { annotate } from '../github/actions.ts';

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
