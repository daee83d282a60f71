import { TemporaryError } from './errors.ts';
import type { HttpAnswer } from './request.ts';
import { readErrorText, readLimited, send } from './request.ts';
import { isTemporaryAnswer, readRetryAfter, retry } from './retry.ts';

const IDLE_MS = 60_000;
const RETRIES = 3;

/**
 * Asks for a page, and again where that may help.
 * @returns undefined when there is no such page
 * @throws `ConnectionError` when there was no answer, and an error for any other status
 */
export function get(url: string): Promise<HttpAnswer | undefined> {
  return retry(
    async () => {
      const answer = await send(url, { idleMs: IDLE_MS });
      const { status, headers } = answer;
      if (status >= 200 && status < 300) return answer;
      const text = await readErrorText(answer);
      answer.body.destroy();
      if (status === 404) return undefined;
      const message = `${url}: expected status 200 or 404, found ${status}`;
      if (!isTemporaryAnswer(status, text)) throw new Error(message);
      throw new TemporaryError(message, { retryAfterMs: readRetryAfter(headers, text) });
    },
    { retries: RETRIES },
  );
}

/** The text of a page, of which no more than the limit is ever read; undefined when there is no such page. */
export async function getText(url: string, limitBytes: number): Promise<string | undefined> {
  const answer = await get(url);
  return answer && (await readLimited(answer, limitBytes)).toString();
}
