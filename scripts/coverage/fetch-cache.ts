import pMap from 'p-map';
import { z } from 'zod';
import { parseJson } from '../../site/lib/json.ts';
import { ConnectionError } from '../http/retry.ts';
import { getText } from '../http/request.ts';
import { coverLock, type KnownCache } from '../../site/lib/catalog/coverage.ts';
import {
  type NamedCache,
  type SharedCoverage,
  coverTogether,
} from '../../site/lib/federation/cover-together.ts';
import { readTable } from '../../site/lib/api/spec-table.ts';
import { SIBLING_LIMIT_BYTES, SiblingTable } from '../../site/lib/federation/siblings.ts';
import { foreignList } from '../../site/schemas/values.ts';
import type { Coverage, MissingReason, MissingSpec } from '../../site/schemas/api/coverage.ts';
import { Failure } from '../../site/schemas/failure.ts';
import type { LockFile } from '../../site/schemas/lock-file.ts';
import { timeText } from '../../site/lib/times/build-times.ts';
import { formatNumber } from '../../site/lib/format.ts';
import { printable } from '../cli/command.ts';

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

const BYTES_PER_MIB = 2 ** 20;

/** Coverage as plain lines: missing specs, then totals, and for several caches also the share of each. */
export function describeCoverage(coverage: Coverage | SharedCoverage): string {
  return 'caches' in coverage ? describeShared(coverage) : describeOne(coverage);
}

function describeOne({ needed, available, percent, downloadSize, missing, time }: Coverage): string {
  const mebibytes = (downloadSize / BYTES_PER_MIB).toFixed(1);
  return [
    ...missing.map((spec) => printable(describeMissing(spec))),
    ...(missing.length > 0 ? [`To build what is missing: ${timeText(time, missing.length)}.`] : []),
    `${percent}%: ${available} of ${needed} specs have a binary, ${mebibytes} MiB to download; ${missing.length} missing.`,
  ].join('\n');
}

/** Coverage by several caches, with the share of each and the mirrors to add. */
function describeShared(coverage: SharedCoverage): string {
  const { caches, mirrors } = coverage;
  return [
    describeOne(coverage),
    ...caches.map(({ url, has }) => `  ${url} has ${has}`),
    mirrors.length === 0
      ? 'No mirror is worth adding.'
      : `${formatNumber(mirrors.length, 'mirror')} of ${caches.length} ${mirrors.length === 1 ? 'has' : 'have'} all of it; add them in this order:`,
    ...mirrors.map(({ url, adds }) => `  ${url} (${adds}${adds === 1 ? ' spec' : ' specs'})`),
  ].join('\n');
}

function describeMissing(spec: MissingSpec): string {
  return `missing  ${spec.name}@${spec.version} /${spec.hash} target=${spec.target}: ${explain(spec)}`;
}

function explain({ reason, failure, instead = [] }: MissingSpec): string {
  const list = instead.join(', ');
  const sentences: Record<MissingReason, string> = {
    failed: `failed on ${failure?.date ?? ''} (${failure?.kind ?? ''})${failure?.run ? `, see ${failure.run}` : ''}`,
    'other-build': `there with other variants or dependencies: ${instead.map((hash) => `/${hash}`).join(', ')}`,
    'other-target': `there for other targets: ${list}`,
    'other-version': `there in other versions: ${list}`,
    never: 'never tried',
  };
  return sentences[reason];
}
