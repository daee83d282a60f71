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

/** Longest error text that is read from a server. */
const MAX_ERROR_BYTES = 8_192;

/** What a server answered; the body must be read or destroyed. */
export interface HttpAnswer {
  /** Where it came from, after redirects. */
  url: URL;
  status: number;
  headers: Headers;
  body: Readable;
}

/** One request. */
interface HttpRequest {
  /** `GET` unless given. */
  method?: string;
  headers?: Record<string, string>;
  body?: string | Blob;
  /** Longest time without a byte, in milliseconds. */
  idleMs: number;
}

/**
 * Sends one request, once. Redirects are followed, but never from HTTPS to plain HTTP; neither `Authorization` nor a
 * body goes to another origin. There is a limit to the time without a byte, none to the whole: blobs are large.
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
    if (current.protocol === 'https:' && next.protocol !== 'https:' && !isLoopback(next.hostname)) {
      throw new Error(`${current.origin} redirects to ${next.origin}, which is not encrypted`);
    }
    if (next.origin !== current.origin) {
      // A login by token travels in the body.
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

/** Reads a body to its end, or throws as soon as it is longer than the limit. */
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
    // Throwing ends the transfer.
    if (size > limitBytes)
      throw new Error(`${where}: expected at most ${prettyBytes(limitBytes)}, found more`);
    yield bytes;
  }
}

/** True for a host name (without port) that is this machine. */
export function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127(?:\.\d+){3}$/.test(name);
}

async function sendOnce(url: URL, init: HttpRequest): Promise<HttpAnswer> {
  const { idleMs, ...rest } = init;
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(), idleMs);
  try {
    const response = await fetch(url, { ...rest, redirect: 'manual', signal: idle.signal });
    const chunks = watchBody(response.body, url, idle, idleMs);
    return {
      url,
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
  if (code === 'ECONNREFUSED') return `${url.origin} refuses connections: is it running?`;
  if (code === 'ENOTFOUND') return `${url.origin}: there is no such host; check the name and the network`;
  // Source: https://fetch.spec.whatwg.org/#port-blocking
  if (code === 'bad port')
    return `${url.origin}: no browser and no Node connects to this port; use another one`;
  if (isCertificateCode(code)) {
    return `${url.origin} shows a certificate that is not trusted (${code}); SSL_CERT_FILE may name a file of trusted ones`;
  }
  return `the connection to ${url.origin} broke (${code})`;
}

/** The innermost code, or message where there is none: `fetch` hides the system's error as a cause. */
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
 * Asks for a page once.
 * @param missing statuses that say that there is no such page
 * @returns undefined when there is no such page
 * @throws `ConnectionError` when there was no answer, `TemporaryError` when it may come later, and an error for any
 *   other status
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

/** Asks for a page as `ask` does, and again where that may help. */
export function get(url: string): Promise<HttpAnswer | undefined> {
  return retry(() => ask(url), { retries: RETRIES });
}

/** The text of a page, of which no more than the limit is ever read; undefined when there is no such page. */
export async function getText(url: string, limitBytes: number): Promise<string | undefined> {
  const answer = await get(url);
  return answer && (await readLimited(answer, limitBytes)).toString();
}
