import pMap from 'p-map';
import { z } from 'zod';
import { parseJson } from '../../site/lib/json.ts';
import { ConnectionError } from '../http/retry.ts';
import { getText } from '../http/request.ts';
import { coverLock, type KnownCache } from '../../site/lib/catalog/coverage.ts';
import {
  coverTogether,
  type NamedCache,
  type SharedCoverage,
} from '../../site/lib/federation/cover-together.ts';
import { readTable } from '../../site/lib/api/spec-table.ts';
import { SIBLING_LIMIT_BYTES, SiblingTable } from '../../site/lib/federation/siblings.ts';
import { foreignList } from '../../site/schemas/values.ts';
import type { Coverage } from '../../site/schemas/api/coverage.ts';
import { Failure } from '../../site/schemas/failure.ts';
import type { LockFile } from '../../site/schemas/lock-file.ts';

/** The fields of the API that are read here; later versions may have more. */
const Index = z.object({ version: z.literal(1) });
const { name, hash, target, kind, date, run } = Failure.shape;
const Failures = z.object({
  failures: foreignList(z.object({ name, hash, target, kind, date, run })),
});

/** Fetches a cache's builds and failures from its API. Throws one sentence when there is no such API. */
export async function fetchCache(address: string): Promise<KnownCache> {
  const root = `${address.replace(/\/+$/, '')}/api/`;
  await fetchJson(`${root}index.json`, Index);
  const table = await fetchJson(`${root}specs.json`, SiblingTable);
  const { failures } = await fetchJson(`${root}failures.json`, Failures);
  return { builds: readTable(table), failures };
}

/** Fetches the builds and failures of several caches. */
export function fetchCaches(urls: readonly string[]): Promise<NamedCache[]> {
  return pMap(urls, async (url) => ({ url, ...(await fetchCache(url)) }), { concurrency: 4 });
}

/** Coverage of a lock by one cache, or by several together. */
export function coverBy(lock: LockFile, caches: readonly NamedCache[]): Coverage | SharedCoverage {
  const [only, ...others] = caches;
  return only && others.length === 0 ? coverLock(lock, only) : coverTogether(lock, caches);
}

async function fetchJson<Shape>(url: string, schema: z.ZodType<Shape>): Promise<Shape> {
  if (!/^https?:/.test(url) || !URL.canParse(url))
    throw new Error(`${url}: expected an address such as https://owner.github.io/repo`);
  const text = await getText(url, SIBLING_LIMIT_BYTES).catch((error: unknown) => {
    if (!(error instanceof ConnectionError)) throw error;
    throw new Error(`${url}: no answer; check the address and your network`, { cause: error });
  });
  if (text === undefined) {
    throw new Error(
      `${url}: expected a document of this API, found status 404; is this the address of a cache?`,
    );
  }
  return parseJson(text, schema, {
    where: url,
    expected: 'a document of this API, version 1',
    advice: 'check the address',
    isForeign: true,
  });
}
