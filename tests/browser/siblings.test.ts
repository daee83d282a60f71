import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pagesHandler } from '../../scripts/start/pages-server.ts';
import { describePackages } from '../../site/lib/api/lists.ts';
import { generateCatalog } from '../generate/catalog.ts';
import { openCdn } from '../world/pages-cdn.ts';
import { startServer } from '../world/start-server.ts';
import { openChrome } from './chrome.ts';
import { inventSiteCatalog } from './search-data.ts';
import { makeFolder, openSite, removeFolders, type TestSite } from './site.ts';

const SIBLINGS = 5;
/** Number of builds of each sibling. */
const BUILDS = 2_000;
/** Maximum size of everything that a browser loads for the page, compressed, with headers. */
const FIRST_LOAD_BYTES = 300_000;
const BASE = '/spack-build-cache';

const cdn = openCdn(Date.now);
const lists = new Map<string, string>();
let site: TestSite | undefined;
/** Serves this cache and its siblings, compressed as GitHub Pages does. */
const server = createServer((request, response) => {
  void cdn.answer(request, response, (asked, answer) => {
    const list = lists.get(asked.url ?? '');
    if (list === undefined) return pagesHandler(site?.dist ?? '', BASE)(asked, answer);
    answer.setHeader('Access-Control-Allow-Origin', '*');
    answer.setHeader('Content-Type', 'application/json; charset=utf-8');
    answer.writeHead(200);
    answer.end(list);
  });
});
let address: string;

beforeAll(async () => {
  address = (await startServer(server)).replace('127.0.0.1', 'localhost');
  for (let seed = 1; seed <= SIBLINGS; seed += 1)
    lists.set(
      `/cache-${seed}/api/packages.json`,
      JSON.stringify(describePackages(inventSiteCatalog(BUILDS, seed))),
    );
  const catalog = await makeFolder();
  await generateCatalog({ builds: 60, seed: 1, directory: catalog });
  const siblings = [...lists.keys()].map((path) => address + path.replace('/api/packages.json', ''));
  site = await openSite({ catalog, address: address + BASE, settings: { FEDERATE: siblings.join(' ') } });
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await site?.close();
  await removeFolders();
});

test('the first load of the page for five siblings of 2,000 builds takes at most 300 kB', async () => {
  const browser = await openChrome();
  const page = await browser.newPage();
  const chrome = await page.context().newCDPSession(page);
  const bytes: number[] = [];
  chrome.on('Network.loadingFinished', ({ encodedDataLength }) => bytes.push(encodedDataLength));
  await chrome.send('Network.enable');
  await page.goto(`${address}${BASE}/siblings/`, { waitUntil: 'networkidle' });
  await page.getByRole('main').getByRole('searchbox').fill('zlib');
  const row = page.getByRole('region', { name: 'Packages of all caches' }).getByRole('row', { name: 'zlib' });
  // The package is in each of the siblings.
  await expect
    .poll(() =>
      row
        .first()
        .getByRole('link', { name: /cache-\d/ })
        .count(),
    )
    .toBe(SIBLINGS);
  const sum = bytes.reduce((total, size) => total + size, 0);
  console.info(
    `first load of ${SIBLINGS} caches of ${BUILDS} builds: ${sum} bytes, ${bytes.length} responses`,
  );
  expect(bytes.length).toBeGreaterThan(SIBLINGS);
  expect(sum).toBeLessThan(FIRST_LOAD_BYTES);
  await browser.close();
});
