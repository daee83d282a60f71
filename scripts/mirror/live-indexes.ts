import { Readable } from 'node:stream';
import pMap from 'p-map';
import pRetry, { AbortError } from 'p-retry';
import { z } from 'zod';
import type { Blob } from '../../site/schemas/build.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import { describeError } from '../command.ts';
import { isLoopback } from '../oci/reference.ts';
import { parseManifest } from '../spack/mirror-manifest.ts';
import type { BlobCache } from './blob-cache.ts';
import { indexManifestPath, OWN_INDEX } from './indexes.ts';

const TIMEOUT_MS = 60_000;
const RETRIES = 3;
const RETRY_DELAY_MS = 500;
const RETRIED_STATUS = new Set([408, 429, 500, 502, 503, 504]);

/** Requests at a time. */
const REQUESTS = 8;

/** What of the site's list of views is read here. */
const ViewList = z.object({ views: z.array(z.object({ name: z.string().regex(/^[A-Za-z0-9_.-]+$/) })) });

/** An index or view blob of the deployment before, and the file that has it. */
export interface LiveIndex {
  blob: Blob;
  file: string;
}

/**
 * Fetches the index and view blobs that the live site's manifests name. Pages caches for 10 minutes, so a client
 * may still hold one of these manifests after the next deployment and must find its blob there.
 * No site there yet: none. Any other failure is told on stderr, and costs a client at worst those 10 minutes.
 * @param views names of views to look for besides those that the live site lists
 */
export async function fetchLiveIndexes(
  siteUrl: string,
  views: Iterable<string>,
  cache: BlobCache,
): Promise<LiveIndex[]> {
  try {
    const own = await fetchIndex(siteUrl, OWN_INDEX, cache);
    if (!own) return [];
    const names = new Set([...views, ...(await readViewNames(siteUrl))]);
    const others = await pMap(names, (view) => fetchIndexOrWarn(siteUrl, view, cache), {
      concurrency: REQUESTS,
    });
    const found = [own, ...others.filter((index) => index !== undefined)];
    return [...new Map(found.map((index) => [index.blob.digest, index])).values()];
  } catch (error) {
    if (!isRefusedLocally(siteUrl, error)) warn(siteUrl, error);
    return [];
  }
}

async function fetchIndexOrWarn(
  siteUrl: string,
  view: string,
  cache: BlobCache,
): Promise<LiveIndex | undefined> {
  try {
    return await fetchIndex(siteUrl, view, cache);
  } catch (error) {
    warn(siteUrl, error);
    return undefined;
  }
}

async function fetchIndex(siteUrl: string, view: string, cache: BlobCache): Promise<LiveIndex | undefined> {
  const url = `${siteUrl}/${indexManifestPath(view)}`;
  const response = await get(url);
  if (!response) return undefined;
  const [record] = parseManifest(await response.text(), url).data;
  if (!record) return undefined;
  const blob = { digest: `sha256:${record.checksum}`, size: record.contentLength };
  return { blob, file: await cache.fetch(blob, () => openBlob(siteUrl, blob)) };
}

async function openBlob(siteUrl: string, blob: Blob): Promise<Readable> {
  const url = `${siteUrl}/${mirrorBlobPath(blob.digest)}`;
  const response = await get(url);
  if (!response?.body)
    throw new Error(`${url}: expected the blob that a manifest there names, found nothing`);
  return Readable.from(response.body);
}

async function readViewNames(siteUrl: string): Promise<string[]> {
  const response = await get(`${siteUrl}/api/views.json`);
  if (!response) return [];
  return ViewList.parse(await response.json()).views.map(({ name }) => name);
}

/** Asks a few times when it may help; undefined when there is no such page. */
async function get(url: string): Promise<Response | undefined> {
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

/** On a laptop the site of SITE_URL is often just not being served. */
function isRefusedLocally(siteUrl: string, error: unknown): boolean {
  return isLoopback(new URL(siteUrl).hostname) && describeError(error).includes('ECONNREFUSED');
}

function warn(siteUrl: string, error: unknown): void {
  console.error(
    `warning: an index of the live site ${siteUrl} could not be kept, so a client that read its manifest in the ` +
      `last 10 minutes may fail once: ${describeError(error)}`,
  );
}
