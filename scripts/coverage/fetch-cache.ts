import pRetry, { AbortError } from 'p-retry';
import { z } from 'zod';
import type { KnownCache } from '../../site/lib/catalog/coverage.ts';
import { readTable } from '../../site/lib/api/spec-table.ts';
import { SpecTable } from '../../site/schemas/api/spec-table.ts';
import { Failure } from '../../site/schemas/failure.ts';

const TIMEOUT_MS = 60_000;
const RETRIES = 3;
const RETRY_DELAY_MS = 500;
const RETRIED_STATUS = new Set([408, 429, 500, 502, 503, 504]);

/** What is read here of the API: a later one may have more fields. */
const Index = z.object({ version: z.literal(1) });
const Table = z.object({
  words: z.object(SpecTable.shape.words.shape),
  columns: z.object(SpecTable.shape.columns.shape),
});
const { name, hash, target, kind, date, run } = Failure.shape;
const Failures = z.object({
  failures: z.array(z.object({ name, hash, target, kind, date, run })),
});

/** Asks a cache's API what it has and what it tried. Throws one sentence when there is no such API. */
export async function fetchCache(address: string): Promise<KnownCache> {
  const root = `${address.replace(/\/+$/, '')}/api/`;
  await fetchJson(`${root}index.json`, Index);
  const table = await fetchJson(`${root}specs.json`, Table);
  const { failures } = await fetchJson(`${root}failures.json`, Failures);
  return { builds: readTable(table), failures };
}

async function fetchJson<Shape>(url: string, schema: z.ZodType<Shape>): Promise<Shape> {
  const answer: unknown = await pRetry(() => tryFetch(url), { retries: RETRIES, minTimeout: RETRY_DELAY_MS });
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(
    `${url}: expected a document of this API, version 1; ${issue?.path.join('.')}: ${issue?.message}`,
  );
}

async function tryFetch(url: string): Promise<unknown> {
  if (!URL.canParse(url)) {
    throw new AbortError(`${url}: expected an address such as https://owner.github.io/repo`);
  }
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((cause: unknown) => {
    throw new Error(`${url}: no answer; is the address right, and the network there?`, { cause });
  });
  if (RETRIED_STATUS.has(response.status))
    throw new Error(`${url}: status ${response.status}; try again later`);
  if (!response.ok) {
    throw new AbortError(
      `${url}: expected a document of this API, found status ${response.status}; is this the address of a cache?`,
    );
  }
  return response.json().catch((cause: unknown) => {
    throw new AbortError(new Error(`${url}: expected JSON, found something else`, { cause }));
  });
}
