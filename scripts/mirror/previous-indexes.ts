import type { Readable } from 'node:stream';
import pMap from 'p-map';
import prettyBytes from 'pretty-bytes';
import { z } from 'zod';
import type { Blob } from '../../site/schemas/build.ts';
import { Digest, mirrorBlobPath } from '../../site/schemas/digest.ts';
import { INDEX_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';
import { formatJson, tryJson } from '../../site/lib/json.ts';
import { isoSeconds } from '../../site/lib/format.ts';
import { describeError } from '../cli/command.ts';
import { ConnectionError } from '../http/retry.ts';
import { get, getText, isLoopback } from '../http/request.ts';
import { OWN_INDEX, indexManifestPath, readNamedBlob } from '../build-cache/mirror-manifest.ts';
import type { BlobCache } from './blob-cache.ts';

/** Number of requests at a time. */
const REQUESTS = 8;

/** A manifest has about 200 bytes, the list of views about 100 for each view. */
const TEXT_LIMIT_BYTES = 1024 * 1024;
const VIEWS_LIMIT = 500;
/** Spack reads a whole index into memory; 10,000 builds take about 30 MB. */
const BLOB_LIMIT_BYTES = 256 * 1024 * 1024;
/** Share of the budget for all kept indexes: it is not available for tarballs. */
const BUDGET_SHARE = 0.25;

/**
 * List of the earlier indexes that a mirror keeps: a client may still have a manifest from two deployments
 * ago, when deployments follow each other within minutes or a job runs again.
 */
export const KEPT_INDEXES = 'v3/kept-indexes.json';
/**
 * A deployment goes live at most half an hour after its mirror was written; a CDN then serves the old
 * manifest for another 10 minutes.
 */
const KEPT_MS = 60 * 60 * 1000;

const KEPT_LIMIT = 1_000;
const KeptIndex = z.object({
  digest: Digest,
  size: z.int().positive(),
  until: z.iso.datetime({ precision: 0 }),
});
type KeptIndex = z.infer<typeof KeptIndex>;
const KeptIndexes = z.object({ indexes: z.array(KeptIndex).max(KEPT_LIMIT) });

/** The part of a site's list of views that is read here. */
export const ViewNames = z.object({
  views: z.array(z.object({ name: z.string().regex(/^[A-Za-z0-9_.-]{1,255}$/) })),
});

/** An index or view blob of an earlier deployment, and its local file. */
export interface PreviousIndex {
  blob: Blob;
  file: string;
  /** Time until which deployments keep it: ISO 8601, in whole seconds. */
  until: string;
}

/** Text of the list of earlier indexes, which the next deployment reads. */
export function keptIndexesText(kept: readonly PreviousIndex[]): string {
  const indexes = kept
    .slice(0, KEPT_LIMIT)
    .map(({ blob: { digest, size }, until }) => ({ digest, size, until }));
  return formatJson({ indexes } satisfies z.input<typeof KeptIndexes>);
}

interface FetchOptions {
  /** Names of views to look for in addition to those that the live site lists. */
  views: Iterable<string>;
  cache: BlobCache;
  /** Limit for site and mirror together, in bytes. */
  budget: number;
  now: Date;
}

/**
 * Fetches the index and view blobs that the live site's manifests name. Pages caches for 10 minutes, so a
 * client may still have one of these manifests after the next deployment and must find its blob there. The
 * same holds for earlier deployments, whose indexes the live site lists.
 * Returns none if there is no site yet. Any other failure is reported on stderr, since it can break a client
 * for those 10 minutes; so is an index that the site lacks although it lists it or has others. Reads at most
 * as much as one of our indexes could take, no matter what answers.
 */
export async function fetchLiveIndexes(
  siteUrl: string,
  { views, cache, budget, now }: FetchOptions,
): Promise<PreviousIndex[]> {
  try {
    const own = await fetchBlobRecord(siteUrl, OWN_INDEX);
    const [listed = []] = await mapOrWarn(siteUrl, [siteUrl], readViewNames);
    const names = new Set([...views, ...listed]);
    const others = await mapOrWarn(siteUrl, names, async (view) => {
      const record = await fetchBlobRecord(siteUrl, view);
      if (!record && listed.includes(view)) throw expectIndex(siteUrl, view);
      return record;
    });
    if (!own && others.length > 0) warnOfLost(siteUrl, expectIndex(siteUrl, OWN_INDEX));
    const [kept = []] = await mapOrWarn(siteUrl, [siteUrl], readKept);
    const until = isoSeconds(new Date(now.getTime() + KEPT_MS));
    const current = [...(own ? [own] : []), ...others].map((blob) => ({ ...blob, until }));
    const earlier = kept.filter((index) => index.until > isoSeconds(now) && index.until <= until);
    const indexes = new Map<Digest, KeptIndex>();
    for (const index of [...current, ...earlier])
      if (!indexes.has(index.digest)) indexes.set(index.digest, index);
    const fitting = takeFitting(siteUrl, indexes.values(), BUDGET_SHARE * budget);
    return await mapOrWarn(siteUrl, fitting, async ({ digest, size, until }) => {
      const blob = { digest, size };
      return { blob, file: await cache.fetch(blob, () => openBlob(siteUrl, blob)), until };
    });
  } catch (error) {
    if (!isRefusedLocally(siteUrl, error)) warnOfLost(siteUrl, error);
    return [];
  }
}

/** Leaves out items without a result, and with a warning those that fail. */
async function mapOrWarn<Item, Result>(
  siteUrl: string,
  items: Iterable<Item>,
  action: (item: Item) => Promise<Result | undefined>,
): Promise<Result[]> {
  const results = await pMap(
    items,
    (item) =>
      action(item).catch((error: unknown) => {
        warnOfLost(siteUrl, error);
        return undefined;
      }),
    { concurrency: REQUESTS },
  );
  return results.filter((result) => result !== undefined);
}

async function fetchBlobRecord(siteUrl: string, view: string): Promise<Blob | undefined> {
  const url = indexUrl(siteUrl, view);
  const text = await getText(url, TEXT_LIMIT_BYTES);
  return text === undefined ? undefined : readNamedBlob(text, url, INDEX_MEDIA_TYPE);
}

function indexUrl(siteUrl: string, view: string): string {
  return `${siteUrl}/${indexManifestPath(view)}`;
}

function expectIndex(siteUrl: string, view: string): Error {
  return new Error(`${indexUrl(siteUrl, view)}: expected an index, as the site has others, found nothing`);
}

/** Takes indexes in order, the site's own first, while they fit into a number of bytes. */
function takeFitting(siteUrl: string, indexes: Iterable<KeptIndex>, room: number): KeptIndex[] {
  let left = room;
  return [...indexes].filter(({ digest, size }) => {
    const limit = Math.min(left, BLOB_LIMIT_BYTES);
    if (size > limit) {
      const found = `found ${digest} of ${prettyBytes(size)}`;
      warnOfLost(siteUrl, new Error(`expected an index of at most ${prettyBytes(limit)}, ${found}`));
      return false;
    }
    left -= size;
    return true;
  });
}

async function openBlob(siteUrl: string, blob: Blob): Promise<Readable> {
  const url = `${siteUrl}/${mirrorBlobPath(blob.digest)}`;
  const answer = await get(url);
  if (!answer) throw new Error(`${url}: expected the blob that a manifest there names, found nothing`);
  return answer.body;
}

/** A list of the site; undefined when it is missing. */
async function readList<T>(url: string, schema: z.ZodType<T>, expected: string): Promise<T | undefined> {
  const text = await getText(url, TEXT_LIMIT_BYTES);
  const list = tryJson(text ?? '', schema);
  if (list || text === undefined) return list;
  throw new Error(`${url}: expected a list of ${expected}, found something else`);
}

async function readKept(siteUrl: string): Promise<KeptIndex[]> {
  const list = await readList(`${siteUrl}/${KEPT_INDEXES}`, KeptIndexes, 'indexes');
  return list?.indexes.sort((a, b) => b.until.localeCompare(a.until)) ?? [];
}

async function readViewNames(siteUrl: string): Promise<string[]> {
  const url = `${siteUrl}/api/views.json`;
  const names = (await readList(url, ViewNames, 'views'))?.views.map(({ name }) => name) ?? [];
  if (names.length > VIEWS_LIMIT)
    warnOfLost(siteUrl, new Error(`${url}: expected at most ${VIEWS_LIMIT} views, found ${names.length}`));
  return names.slice(0, VIEWS_LIMIT);
}

/** On a laptop the site of SITE_URL is often not running. */
function isRefusedLocally(siteUrl: string, error: unknown): boolean {
  return (
    isLoopback(new URL(siteUrl).hostname) && error instanceof ConnectionError && error.code === 'ECONNREFUSED'
  );
}

/** Warns that an index is not kept, and why. */
export function warnOfLost(siteUrl: string, error: unknown): void {
  console.error(
    `warning: an index of the live site ${siteUrl} could not be kept, so a client that read its manifest in the ` +
      `last 10 minutes may fail once: ${describeError(error)}`,
  );
}
