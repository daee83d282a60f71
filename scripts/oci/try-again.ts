import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { ConnectionError } from './http.ts';
import { PassingError } from './refused.ts';

/** Tries after the first. */
const RETRIES = 4;
/** A registry may ask for an hour; a workflow's minutes are worth more. */
const MAX_RETRY_AFTER_MS = 60_000;

/** Runs an action a few times while it fails in a way that may pass, with growing, random waits between. */
export function tryAgain<T>(action: () => Promise<T>, firstRetryMs: number): Promise<T> {
  return pRetry(action, {
    retries: RETRIES,
    minTimeout: firstRetryMs,
    factor: 2,
    randomize: true,
    shouldRetry: ({ error }) => isPassing(error),
    onFailedAttempt: async ({ error, retriesLeft }) => {
      const wait = error instanceof PassingError && retriesLeft > 0 ? (error.retryAfterMs ?? 0) : 0;
      if (wait > 0) await sleep(Math.min(wait, MAX_RETRY_AFTER_MS));
    },
  });
}

function isPassing(error: Error): boolean {
  return error instanceof PassingError || (error instanceof ConnectionError && error.passing);
}
