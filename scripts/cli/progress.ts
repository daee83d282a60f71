import { SingleBar } from 'cli-progress';

/** Milliseconds between two lines when stderr is not a terminal. */
const LINE_INTERVAL_MS = 5_000;

/** Reports the progress of a long step on stderr: a bar on a terminal, otherwise an occasional line. */
export interface Progress extends Disposable {
  /** Counts `amount` more units as done (default: 1). */
  advance(amount?: number): void;
}

/** Starts to report on a step of `total` units under a short label such as `checking`; `using` ends it. */
export function startProgress(label: string, total: number, unit = ''): Progress {
  const bar = new SingleBar({
    stream: process.stderr,
    format: `  ${label} [{bar}] {value}/{total} ${unit}`,
    hideCursor: true,
    clearOnComplete: true,
    noTTYOutput: true,
    notTTYSchedule: LINE_INTERVAL_MS,
  });
  if (total > 0) bar.start(total, 0);
  return {
    advance: (amount = 1) => bar.increment(amount),
    [Symbol.dispose]: () => bar.stop(),
  };
}
