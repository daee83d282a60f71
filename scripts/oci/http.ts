import { Readable } from 'node:stream';
import { isLoopback } from './reference.ts';
import type { RemoteReference } from './reference.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';

/** Redirects followed before giving up. */
const MAX_REDIRECTS = 5;

/** Longest error text that is read from a server. */
const MAX_ERROR_BYTES = 8_192;

/** Codes of a server that is not there; asking again at once does not help. */
const ABSENT_CODES = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH'];

/** What a server answered; the body must be read or destroyed. */
export interface HttpAnswer {
  status: number;
  headers: Headers;
  body: Readable;
}

/** A request failed before there was an answer. */
export class ConnectionError extends Error {
  /** The system's or OpenSSL's code, such as `ECONNREFUSED`. */
  readonly code: string;
  /** Whether asking again may help. */
  readonly passing: boolean;

  constructor(message: string, code: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
    this.passing = !ABSENT_CODES.includes(code) && !isCertificateCode(code);
  }
}

/**
 * Sends one request. Redirects are followed; `Authorization` never goes to another host, and never from HTTPS
 * to plain HTTP. There is a limit to the time without a byte, none to the whole: blobs are large.
 */
export async function send(
  url: string,
  init: { method?: string; headers: Record<string, string>; body?: string; idleMs: number },
): Promise<HttpAnswer> {
  let { headers } = init;
  let current = new URL(url);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const answer = await sendOnce(current, { ...init, headers });
    const location = answer.headers.get('location');
    if (answer.status < 300 || answer.status > 399 || location === null) return answer;
    answer.body.destroy();
    const next = new URL(location, current);
    if (current.protocol === 'https:' && next.protocol !== 'https:' && !isLoopback(next.hostname)) {
      throw new Error(`${current.origin} redirects to ${next.origin}, which is not encrypted`);
    }
    if (next.origin !== current.origin) {
      headers = Object.fromEntries(
        Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'),
      );
    }
    current = next;
  }
  throw new Error(`${new URL(url).origin} redirects more than ${MAX_REDIRECTS} times`);
}

/** The text of an answer's body, its beginning only. */
export async function readErrorText(answer: HttpAnswer): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer.body) {
      const bytes = Buffer.from(chunk);
      chunks.push(bytes);
      size += bytes.length;
      if (size > MAX_ERROR_BYTES) break;
    }
  } catch {
    // The status says enough; a body that breaks off adds nothing.
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, MAX_ERROR_BYTES);
}

async function sendOnce(
  url: URL,
  init: { method?: string; headers: Record<string, string>; body?: string; idleMs: number },
): Promise<HttpAnswer> {
  const { idleMs, ...rest } = init;
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(), idleMs);
  try {
    const response = await fetch(url, { ...rest, redirect: 'manual', signal: idle.signal });
    const chunks = watchBody(response.body, url, idle, idleMs);
    return {
      status: response.status,
      headers: response.headers,
      body: Readable.from(chunks, { objectMode: false }),
    };
  } catch (error) {
    throw connectionError(url, error, idle.signal.aborted ? idleMs : undefined);
  } finally {
    clearTimeout(timer);
  }
}

/** Passes a body on; the clock runs only while the server is waited for, not while the reader is busy. */
async function* watchBody(
  body: ReadableStream<Uint8Array> | null,
  url: URL,
  idle: AbortController,
  idleMs: number,
): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  try {
    while (reader) {
      const timer = setTimeout(() => idle.abort(), idleMs);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw connectionError(url, error, idle.signal.aborted ? idleMs : undefined);
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
}

function connectionError(url: URL, error: unknown, silentMs: number | undefined): ConnectionError {
  const code = silentMs === undefined ? codeOf(error) : 'ETIMEDOUT';
  return new ConnectionError(describeConnection(url, code, silentMs), code, error);
}

function describeConnection(url: URL, code: string, silentMs: number | undefined): string {
  if (silentMs !== undefined) return `${url.origin} sent nothing for ${Math.round(silentMs / 1000)} seconds`;
  if (code === 'ECONNREFUSED') return `${url.origin} refuses connections: is the registry running?`;
  if (code === 'ENOTFOUND') return `${url.origin}: there is no such host; check the name and the network`;
  if (isCertificateCode(code)) {
    return `${url.origin} shows a certificate that is not trusted (${code}); SSL_CERT_FILE may name a file of trusted ones`;
  }
  return `the connection to ${url.origin} broke (${code})`;
}

/** The innermost code: `fetch` hides the system's error as a cause. */
function codeOf(error: unknown): string {
  let code = '';
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') code = cause.code;
    else if (code === '') code = cause.message;
  }
  return code === '' ? String(error) : code;
}

export function isCertificateCode(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_/.test(code);
}

/** A registry asks for a login, or for another one. */
export class RefusedError extends Error {
  readonly status: number;
  /** Whether a login was shown. */
  readonly loggedIn: boolean;

  constructor({ host, path }: RemoteReference, status: number, loggedIn: boolean) {
    const advice = loggedIn
      ? `the login for ${host} is refused (${status}): check that it may use ${path}, then "oras login ${host}"`
      : `${host} asks for a login to use ${path} (${status}): run "oras login ${host}" first`;
    super(advice);
    this.status = status;
    this.loggedIn = loggedIn;
  }
}

/** A registry is busy or broken in a way that may pass. */
export class PassingError extends Error {
  /** Milliseconds that the registry asks to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs?: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The error for an answer that is neither success nor "not found". */
export function refusalOf(
  repository: RemoteReference,
  { status, headers }: HttpAnswer,
  text: string,
  loggedIn: boolean,
): Error {
  // GitHub answers 403 where others answer 429.
  const slowDown = status === 429 || (status === 403 && /secondary rate limit/i.test(text));
  if (slowDown) {
    return new PassingError(
      `${repository.host} asks to slow down (${status}); try again later`,
      retryAfterOf(headers),
    );
  }
  if (status === 408 || status >= 500) {
    return new PassingError(
      `${repository.host} fails (${status}): ${firstLine(text)}`,
      retryAfterOf(headers),
    );
  }
  if (status === 401 || status === 403) return new RefusedError(repository, status, loggedIn);
  return new Error(
    `${repository.host}/${repository.path}: expected an answer, found ${status}: ${firstLine(text)}`,
  );
}

/** Source: RFC 9110, `Retry-After`: seconds or a date. */
function retryAfterOf(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]?.slice(0, 300) || 'no explanation';
}

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
