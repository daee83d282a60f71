import { TemporaryError } from './errors.ts';
import { readErrorText, readLimited, send, type HttpAnswer, type HttpRequest } from './request.ts';
import { isTemporaryAnswer, readRetryAfter, retry } from './retry.ts';

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
