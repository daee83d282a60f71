import pRetry, { AbortError } from 'p-retry';
import prettyBytes from 'pretty-bytes';
import { describeError } from '../cli/command.ts';

const TIMEOUT_MS = 60_000;
const RETRIES = 3;
const RETRY_DELAY_MS = 500;
const RETRIED_STATUS = new Set([408, 429, 500, 502, 503, 504]);

/** Asks a few times when it may help; undefined when there is no such page. */
export async function get(url: string): Promise<Response | undefined> {
  return pRetry(
    async () => {
      const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (response.ok) return response;
      await response.body?.cancel();
      if (response.status === 404) return undefined;
      const error = new Error(`${url}: expected status 200 or 404, found ${response.status}`);
      throw RETRIED_STATUS.has(response.status) ? error : new AbortError(error);
    },
    {
      retries: RETRIES,
      minTimeout: RETRY_DELAY_MS,
      randomize: true,
      shouldRetry: ({ error }) => !describeError(error).includes('ECONNREFUSED'),
    },
  );
}

/** The text of a page, of which no more than the limit is ever read; undefined when there is no such page. */
export async function getText(url: string, limitBytes: number): Promise<string | undefined> {
  const response = await get(url);
  if (!response) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    // Throwing ends the transfer.
    if (size > limitBytes) throw new Error(`${url}: expected at most ${prettyBytes(limitBytes)}, found more`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
