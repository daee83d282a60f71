import { SingleBar } from 'cli-progress';

/** Milliseconds between two lines when stderr is not a terminal. */
const LINE_INTERVAL_MS = 5_000;

/** Reports the progress of a long step on stderr: a bar on a terminal, otherwise an occasional line. */
export interface Progress {
  /** Counts `amount` more units as done (default: 1). */
  advance(amount?: number): void;
}

/**
 * Reports on a step of `total` units under a short label such as `checking` while it runs. It does not use
 * `using`, which needs Node 24: an older Node could not parse the module, and so not report its age.
 */
export async function withProgress<T>(
  label: string,
  total: number,
  unit: string,
  run: (progress: Progress) => Promise<T>,
): Promise<T> {
  const bar = new SingleBar({
    stream: process.stderr,
    format: `  ${label} [{bar}] {value}/{total} ${unit}`,
    hideCursor: true,
    clearOnComplete: true,
    noTTYOutput: true,
    notTTYSchedule: LINE_INTERVAL_MS,
  });
  if (total > 0) bar.start(total, 0);
  try {
    return await run({ advance: (amount = 1) => bar.increment(amount) });
  } finally {
    bar.stop();
  }
}
