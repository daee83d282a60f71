import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { INDEX_MEDIA_TYPE } from '../../site/schemas/mirror-manifest.ts';
import { mirrorBlobPath } from '../../site/schemas/digest.ts';
import type { Blob } from '../../site/schemas/build.ts';
import { startServer } from '../../tests/world/start-server.ts';
import { blobRecord, indexManifestPath, manifestText } from '../build-cache/mirror-manifest.ts';
import { openBlobCache } from './blob-cache.ts';
import { fetchLiveIndexes, KEPT_INDEXES, keptIndexesText } from './previous-indexes.ts';

const BUDGET = 900_000_000;
const INDEX = blobOf('{"database":{}}');
const VIEW = blobOf('{"database":{"version":"8"}}');

/** Answers of the site, keyed by path; `endless` never ends. */
const pages = new Map<string, string>();
let server: Server;
let siteUrl = '';
let folder = '';
let sentBytes = 0;
let requests: string[] = [];
const warnings: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'live-'));
  pages.clear();
  requests = [];
  warnings.length = 0;
  sentBytes = 0;
  vi.spyOn(console, 'error').mockImplementation((line: string) => void warnings.push(line));
  server = createServer(({ url = '' }, response) => {
    requests.push(url.slice(1));
    const page = pages.get(url.slice(1));
    if (page === 'endless') return sendEndlessly(response);
    response.statusCode = page === undefined ? 404 : 200;
    response.end(page);
  });
  siteUrl = await startServer(server);
  pages.set(indexManifestPath(''), manifestOf(INDEX.blob));
  pages.set(mirrorBlobPath(INDEX.blob.digest), INDEX.text);
});

afterEach(() => {
  vi.restoreAllMocks();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const fetchLive = (views: string[] = [], budget = BUDGET, now = new Date()) =>
  fetchLiveIndexes(siteUrl, { views, cache: openBlobCache(folder), budget, now });

test('keeps the index and the listed or requested views, equal ones once', async () => {
  pages.set('api/views.json', JSON.stringify({ views: [{ name: 'linux' }, { name: 'twin' }] }));
  for (const view of ['linux', 'twin', 'asked']) {
    pages.set(indexManifestPath(view), manifestOf(view === 'asked' ? INDEX.blob : VIEW.blob));
  }
  pages.set(mirrorBlobPath(VIEW.blob.digest), VIEW.text);
  const live = await fetchLive(['asked', 'absent']);
  expect(live.map(({ blob }) => blob)).toEqual([INDEX.blob, VIEW.blob]);
  expect(live.map(({ file }) => readFileSync(file, 'utf8'))).toEqual([INDEX.text, VIEW.text]);
  expect(warnings).toEqual([]);
});

test('keeps earlier indexes until their hour is over, and lists them for the next deployment', async () => {
  const earlier = ['one', 'two', 'three'].map(blobOf);
  const untils = ['2026-01-01T00:30:00Z', '2026-01-01T00:59:00Z', '2026-01-01T00:10:00Z'];
  const old = earlier.map(({ blob }, index) => ({ blob, file: '', until: untils[index] ?? '' }));
  for (const { text, blob } of earlier) pages.set(mirrorBlobPath(blob.digest), text);
  pages.set(KEPT_INDEXES, keptIndexesText([...old, { blob: INDEX.blob, file: '', until: untils[0] ?? '' }]));
  const now = new Date('2026-01-01T00:10:00Z');
  const live = await fetchLive([], BUDGET, now);
  const [one, two] = earlier;
  expect(live.map(({ blob, until }) => [blob, until])).toEqual([
    [INDEX.blob, '2026-01-01T01:10:00Z'],
    [two?.blob, untils[1]],
    [one?.blob, untils[0]],
  ]);
  expect(live.map(({ file }) => readFileSync(file, 'utf8'))).toEqual([INDEX.text, 'two', 'one']);
  expect(warnings).toEqual([]);
});

test('lists indexes that expire together in the order of the live site', async () => {
  const until = '2026-01-01T00:30:00Z';
  const earlier = ['one', 'two', 'three'].map(blobOf);
  for (const { text, blob } of earlier) pages.set(mirrorBlobPath(blob.digest), text);
  const list = keptIndexesText(earlier.map(({ blob }) => ({ blob, file: '', until })));
  pages.set(KEPT_INDEXES, list);
  const [, ...kept] = await fetchLive([], BUDGET, new Date('2026-01-01T00:00:00Z'));
  expect(keptIndexesText(kept)).toBe(list);
});

test.each(['no JSON', '{"indexes":[{"digest":"../../etc","size":1,"until":"2026-01-01T00:00:00Z"}]}'])(
  'keeps the live index when the list of earlier ones is %s',
  async (list) => {
    pages.set(KEPT_INDEXES, list);
    expect(await fetchLive()).toHaveLength(1);
    expect(warnings).toEqual([expect.stringContaining(`${KEPT_INDEXES}: expected a list of indexes`)]);
  },
);

test('returns nothing, without a warning, when there is no site yet', async () => {
  pages.clear();
  expect(await fetchLive()).toEqual([]);
  expect(warnings).toEqual([]);
});

test.each([
  [indexManifestPath(''), 0],
  [indexManifestPath('linux'), 1],
  ['api/views.json', 1],
])('stops reading an endless %s, and keeps the other %i', async (path, kept) => {
  pages.set(path, 'endless');
  expect(await fetchLive(['linux'])).toHaveLength(kept);
  expect(warnings.join()).toMatch(/expected at most 1.05 MB, found more/);
  expect(sentBytes).toBeLessThan(50_000_000);
});

test('stops reading a blob at the size in its manifest', async () => {
  pages.set(mirrorBlobPath(INDEX.blob.digest), 'endless');
  expect(await fetchLive()).toEqual([]);
  expect(warnings.join()).toMatch(/found more/);
  expect(sentBytes).toBeLessThan(50_000_000);
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ['what no index can take', 2 ** 50, BUDGET, /at most 225 MB, found sha256:.* of 1.13 PB/],
  ['more than 256 MiB', 300_000_000, 2 ** 40, /at most 268 MB, found .* of 300 MB/],
])('asks for no blob of %s, and keeps the others', async (_, size, budget, message) => {
  pages.set(indexManifestPath('linux'), manifestOf({ digest: `sha256:${'a'.repeat(64)}`, size }));
  expect((await fetchLive(['linux'], budget)).map(({ blob }) => blob)).toEqual([INDEX.blob]);
  expect(warnings.join()).toMatch(message);
  expect(requests).not.toContain(mirrorBlobPath(`sha256:${'a'.repeat(64)}`));
});

test('keeps no more than a share of the budget', async () => {
  pages.set(indexManifestPath('linux'), manifestOf(VIEW.blob));
  pages.set(mirrorBlobPath(VIEW.blob.digest), VIEW.text);
  const live = await fetchLive(['linux'], 4 * INDEX.blob.size);
  expect(live.map(({ blob }) => blob)).toEqual([INDEX.blob]);
  expect(warnings.join()).toMatch(/at most 0 B/);
});

test('accepts nothing but an index', async () => {
  pages.set(indexManifestPath(''), manifestText([blobRecord(INDEX.blob, 'text/html', 'none')]));
  expect(await fetchLive()).toEqual([]);
  expect(warnings.join()).toMatch(/of type application\/vnd.spack.db.v8\+json, found "text\/html"/);
});

test('reads at most 500 listed views', async () => {
  const views = Array.from({ length: 600 }, (_, index) => ({ name: `view-${index}` }));
  pages.set('api/views.json', JSON.stringify({ views }));
  expect(await fetchLive()).toHaveLength(1);
  expect(requests.filter((path) => path.includes('view-'))).toHaveLength(500);
  expect(warnings.join()).toMatch(/at most 500 views, found 600/);
});

function sendEndlessly(response: ServerResponse): void {
  const chunk = Buffer.alloc(256 * 1024, ' ');
  const send = () => {
    do sentBytes += chunk.length;
    while (response.write(chunk) && !response.destroyed);
  };
  response.on('drain', send);
  send();
}

function blobOf(text: string): { text: string; blob: Blob } {
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  return { text, blob: { digest, size: text.length } };
}

function manifestOf(blob: Blob): string {
  return manifestText([blobRecord(blob, INDEX_MEDIA_TYPE, 'none')]);
}
