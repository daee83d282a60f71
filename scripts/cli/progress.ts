import { SingleBar } from 'cli-progress';

/** Milliseconds between two lines where stderr is not a terminal. */
const LINE_INTERVAL_MS = 5_000;

/** Reports how far a long step has come, on stderr: a bar on a terminal, now and then a line elsewhere. */
export interface Progress extends Disposable {
  /** Counts `amount` more of the total as done (1 unless told). */
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
