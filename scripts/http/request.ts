import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import prettyBytes from 'pretty-bytes';
import {
  ConnectionError,
  isCertificateCode,
  TemporaryError,
  isTemporaryAnswer,
  readRetryAfter,
  retry,
} from './retry.ts';

/** Redirects followed before giving up. */
const MAX_REDIRECTS = 5;

/** Maximum length of an error text read from a server. */
const MAX_ERROR_BYTES = 8_192;

/**
 * Least average speed of a body: a server that sends a byte now and then would never end. Eight transfers at a time over a
 * line of 20 kB a second are faster.
 */
const LEAST_BYTES_PER_SECOND = 1_000;

/** A server's answer; its body must be read or destroyed. */
export interface HttpAnswer {
  /** Its address, after redirects. */
  url: URL;
  status: number;
  headers: Headers;
  body: Readable;
}

interface HttpRequest {
  /** The default is `GET`. */
  method?: string;
  headers?: Record<string, string>;
  body?: string | Blob;
  /** Longest wait for the next byte, in milliseconds; also the time before `LEAST_BYTES_PER_SECOND` is expected. */
  idleMs: number;
}

/**
 * Sends one request, once. Follows redirects, but never from HTTPS to plain HTTP; neither `Authorization` nor
 * a body is sent to another origin. The wait for the next byte is limited, and the total time by the least speed of a
 * transfer, since blobs are large.
 */
export async function send(url: string, init: HttpRequest): Promise<HttpAnswer> {
  let { headers = {} } = init;
  let current = new URL(url);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const answer = await sendOnce(current, { ...init, headers });
    const location = answer.headers.get('location');
    if (answer.status < 300 || answer.status > 399 || location === null) return answer;
    answer.body.destroy();
    const next = new URL(location, current);
    if (next.protocol !== 'https:' && next.protocol !== 'http:') {
      throw new Error(`${current.origin} redirects to ${next.protocol}, expected an http(s) address`);
    }
    if (current.protocol === 'https:' && next.protocol !== 'https:' && !isLoopback(next.hostname)) {
      throw new Error(`${current.origin} redirects to ${next.origin}, which is not encrypted`);
    }
    if (next.origin !== current.origin) {
      // A login by token is in the body.
      if (init.body !== undefined) {
        throw new Error(`${current.origin} redirects an upload to ${next.origin}; nothing was sent there`);
      }
      headers = Object.fromEntries(
        Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'),
      );
    }
    current = next;
  }
  throw new Error(`${new URL(url).origin} redirects more than ${MAX_REDIRECTS} times`);
}

/** The start of an answer's body as text. */
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
    // The status is enough; an incomplete body adds nothing.
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, MAX_ERROR_BYTES);
}

/** Reads a whole body; throws as soon as it exceeds the limit. */
export async function readLimited(
  { url, body }: Pick<HttpAnswer, 'url' | 'body'>,
  limitBytes: number,
): Promise<Buffer> {
  return buffer(limited(body, limitBytes, `${url.origin}${url.pathname}`));
}

async function* limited(body: Readable, limitBytes: number, where: string): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    // Throwing aborts the transfer.
    if (size > limitBytes)
      throw new Error(`${where}: expected at most ${prettyBytes(limitBytes)}, found more`);
    yield bytes;
  }
}

/** Whether a host name (without port) is this machine's. */
export function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127(?:\.\d+){3}$/.test(name);
}

async function sendOnce(url: URL, init: HttpRequest): Promise<HttpAnswer> {
  const { idleMs, ...rest } = init;
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(describeSilence(idleMs)), idleMs);
  try {
    const response = await fetch(url, { ...rest, redirect: 'manual', signal: ending.signal });
    const chunks = watchBody(response.body, url, ending, idleMs);
    return {
      url,
      status: response.status,
      headers: response.headers,
      body: Readable.from(chunks, { objectMode: false }),
    };
  } catch (error) {
    throw connectionError(url, error, ending.signal);
  } finally {
    clearTimeout(timer);
  }
}

function describeSilence(idleMs: number): string {
  return `sent nothing for ${Math.round(idleMs / 1000)} seconds`;
}

/** Passes a body on; the clock runs only while waiting for the server, not while the reader is busy. */
async function* watchBody(
  body: ReadableStream<Uint8Array> | null,
  url: URL,
  ending: AbortController,
  idleMs: number,
): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  let [bytes, waitedMs] = [0, 0];
  try {
    while (reader) {
      const leftMs = idleMs + (bytes / LEAST_BYTES_PER_SECOND) * 1_000 - waitedMs;
      const reason =
        leftMs < idleMs
          ? `sent ${bytes} bytes in ${Math.round((waitedMs + leftMs) / 1000)} seconds, expected at least 1 kB a second`
          : describeSilence(idleMs);
      const began = performance.now();
      const timer = setTimeout(() => ending.abort(reason), Math.min(leftMs, idleMs));
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (done) return;
      bytes += value.length;
      waitedMs += performance.now() - began;
      yield value;
    }
  } catch (error) {
    throw connectionError(url, error, ending.signal);
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
}

/** @param ending aborted, with a reason in words, when the server was too slow */
function connectionError(url: URL, error: unknown, ending: AbortSignal): ConnectionError {
  if (ending.aborted) return new ConnectionError(`${url.origin} ${ending.reason}`, 'ETIMEDOUT', error);
  const code = codeOf(error);
  return new ConnectionError(describeConnection(url, code), code, error);
}

function describeConnection(url: URL, code: string): string {
  if (code === 'ECONNREFUSED') return `${url.origin} refuses connections: is it running?`;
  if (code === 'ENOTFOUND') return `${url.origin}: there is no such host; check the name and the network`;
  // Source: https://fetch.spec.whatwg.org/#port-blocking
  if (code === 'bad port')
    return `${url.origin}: neither a browser nor Node connects to this port; use another one`;
  if (isCertificateCode(code)) {
    return `${url.origin} shows a certificate that is not trusted (${code}); SSL_CERT_FILE may name a file of trusted ones`;
  }
  return `the connection to ${url.origin} broke (${code})`;
}

/** The innermost code, or the message if there is none: `fetch` hides the system's error as a cause. */
function codeOf(error: unknown): string {
  let [code, message] = ['', String(error)];
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') code = cause.code;
    message = cause.message;
  }
  return code || message;
}

const IDLE_MS = 60_000;
const RETRIES = 3;
const NOT_FOUND = new Set([404]);

/**
 * Requests a page once.
 * @param missing statuses that mean that there is no such page
 * @returns undefined when there is no such page
 * @throws `ConnectionError` when there was no answer, `TemporaryError` when it may succeed later, and an
 * error for any other status
 */
export async function ask(
  url: string,
  request: Partial<HttpRequest> = {},
  missing: ReadonlySet<number> = NOT_FOUND,
): Promise<HttpAnswer | undefined> {
  const answer = await send(url, { idleMs: IDLE_MS, ...request });
  const { status, headers } = answer;
  if (status === 200) return answer;
  const text = await readErrorText(answer);
  answer.body.destroy();
  if (missing.has(status)) return undefined;
  const message = `${url}: expected status 200, found ${status}`;
  if (!isTemporaryAnswer(status, text)) throw new Error(message);
  throw new TemporaryError(message, { retryAfterMs: readRetryAfter(headers, text) });
}

/** Requests a page like `ask`, and retries when that may help. */
export function get(url: string): Promise<HttpAnswer | undefined> {
  return retry(() => ask(url), { retries: RETRIES });
}

/** The text of a page, of which at most the limit is read; undefined when there is no such page. */
export async function getText(url: string, limitBytes: number): Promise<string | undefined> {
  const answer = await get(url);
  return answer && (await readLimited(answer, limitBytes)).toString();
}
