import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { ownValue } from '../../site/schemas/safe-text.ts';

/** Tries after the first. */
const RETRIES = 4;
/** Maximum wait at a server's request: a server may ask for an hour, but a workflow's minutes are limited. */
const MAX_RETRY_AFTER_S = 60;
/** Length of a second in every wait before another try, in milliseconds. Tests shorten it. */
export const pace = { secondMs: 1_000 };

/** Milliseconds for the units of Go's durations, in which ghcr.io states the wait. */
const UNIT_MS: Record<string, number> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};

/** Whether the same request may succeed later. */
export function isTemporary(error: unknown): boolean {
  return error instanceof TemporaryError || (error instanceof ConnectionError && error.isTemporary);
}

/** Whether an answer asks for fewer requests. GitHub and ghcr.io use 403 where others use 429. */
export function isRateLimit(status: number, text: string): boolean {
  return status === 429 || (status === 403 && /rate limit|abuse detection/i.test(text));
}

/**
 * Whether a request with this answer is worth another try: too many requests, too slow, or an error of the
 * server. All other answers, a refused login above all, stay the same.
 */
export function isTemporaryAnswer(status: number, text: string): boolean {
  return status === 408 || status >= 500 || isRateLimit(status, text);
}

/**
 * The wait that a server asks for, in milliseconds: `Retry-After` in seconds or as a date (RFC 9110), the end
 * of GitHub's hour, or ghcr.io's `retry-after: 10.487765ms` in the text.
 */
export function readRetryAfter(headers: Headers, text = ''): number | undefined {
  const reset = Number(headers.get('x-ratelimit-reset') ?? 0);
  if (headers.get('x-ratelimit-remaining') === '0' && reset > 0)
    return Math.max(0, reset * 1_000 - Date.now());
  const value = headers.get('retry-after');
  if (value === null) return parseDuration(/retry-after: ((?:[\d.]+[a-zµ]+)+)/i.exec(text)?.[1]);
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function parseDuration(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const parts = [...text.matchAll(/([\d.]+)([a-zµ]+)/gi)];
  const total = parts.reduce(
    (sum, [, number, unit = '']) => sum + Number(number) * (ownValue(UNIT_MS, unit) ?? Number.NaN),
    0,
  );
  return Number.isNaN(total) ? undefined : Math.ceil(total);
}

/** Options of a retried action. */
export interface RetryOptions {
  /**
   * Wait before the second try (default: half a second, since servers limit requests per second); doubled, and extended at
   * random, before each further one.
   */
  firstRetrySeconds?: number;
  /** Tries after the first. */
  retries?: number;
  /** Longest wait that a server may ask for. */
  maxRetryAfterSeconds?: number;
  /** Called before each further try. */
  onRetry?: (error: Error) => void;
}

/** Runs an action, and retries it a few times after temporary errors. Throws the last error. */
export function retry<T>(
  action: () => Promise<T>,
  {
    firstRetrySeconds = 0.5,
    retries = RETRIES,
    maxRetryAfterSeconds = MAX_RETRY_AFTER_S,
    onRetry,
  }: RetryOptions = {},
): Promise<T> {
  return pRetry(action, {
    retries,
    minTimeout: firstRetrySeconds * pace.secondMs,
    factor: 2,
    randomize: true,
    shouldRetry: ({ error }) => isTemporary(error),
    onFailedAttempt: async ({ error, retriesLeft }) => {
      if (retriesLeft === 0 || !isTemporary(error)) return;
      onRetry?.(error);
      const wait = error instanceof TemporaryError ? (error.retryAfterMs ?? 0) : 0;
      if (wait > 0) await sleep(Math.min(wait, maxRetryAfterSeconds * pace.secondMs));
    },
  });
}

/** Codes of an unreachable server, for which an immediate retry does not help. */
const ABSENT_CODES = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'bad port'];

/** An error of a request without an answer. */
export class ConnectionError extends Error {
  /** The system's or OpenSSL's code, such as `ECONNREFUSED`. */
  readonly code: string;
  /** Whether a retry may help. */
  readonly isTemporary: boolean;

  constructor(message: string, code: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
    this.isTemporary = !ABSENT_CODES.includes(code) && !isCertificateCode(code);
  }
}

/** An error of a busy or failing server: the same request may succeed later. */
export class TemporaryError extends Error {
  /** Wait in milliseconds that the server asks for; undefined when it does not say. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    { retryAfterMs, cause }: { retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whether a code of OpenSSL means that a server's certificate is not trusted. */
export function isCertificateCode(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_/.test(code);
}

/** The first line of a server's message, to be quoted in an error. */
export function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]?.slice(0, 300) || 'no explanation';
}
