import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { BuildIndex, HashList } from '../../site/schemas/search/build-index.ts';
import { FileIndex } from '../../site/schemas/search/file-index.ts';
import { PackageIndex } from '../../site/schemas/search/package-index.ts';
import { generateCatalog } from '../generate/catalog.ts';
import type { History } from '../generate/history.ts';
import { findAxeViolations, findWidePages, openPage } from './checks.ts';
import { launchChrome } from './chrome.ts';
import { inventSearchData } from './search-data.ts';
import { makeFolder, openSite, removeFolders } from './site.ts';
import type { TestSite } from './site.ts';

const BUILDS = 120;
/** What the design is for; the quick run has fewer. */
const MANY_BUILDS = process.env['FULL'] ? 20_000 : 4_000;
/** What the search's first file may weigh, in compressed bytes. */
const MOST_FIRST_BYTES = 300_000;
/** A frame. */
const MOST_MS = 16;

let site: TestSite;
let browser: Browser;
let history: History;
let builds: BuildIndex;
let packages: PackageIndex;
let files: FileIndex;

beforeAll(async () => {
  const catalog = await makeFolder();
  history = await generateCatalog({ builds: BUILDS, seed: 1, directory: catalog });
  site = await openSite({ catalog, address: 'https://owner.example/spack-build-cache' });
  browser = await launchChrome();
  packages = await read('packages', PackageIndex);
  builds = await read('builds', BuildIndex);
  files = await read('files', FileIndex);
});

afterAll(async () => {
  await browser.close();
  await site.close();
  await removeFolders();
});

async function read<Shape>(name: string, schema: z.ZodType<Shape>): Promise<Shape> {
  return schema.parse(JSON.parse(await readFile(join(site.dist, `data/${name}.json`), 'utf8')));
}

/** Opens the search page, with a search in its address or without. */
async function openSearch(address = '', complaints?: string[]): Promise<Page> {
  const page = await openPage(browser, complaints);
  await page.goto(`${site.url}/search/${address}`);
  await page.getByRole('status').filter({ hasText: ' of ' }).waitFor();
  return page;
}

function statusOf(page: Page): Promise<string | null> {
  return page.getByRole('status').textContent();
}

test('the data files hold every build, as their schemas say', async () => {
  const hashes = await read('hashes/0', HashList);
  expect(builds.rows.package).toHaveLength(hashes.length);
  const built = hashes.filter((_, row) => builds.rows.state[row] !== 2);
  expect([...built].sort()).toEqual([...history.builds.keys()].sort());
  expect(files.rows).toHaveLength(hashes.length);
  for (const [row, hash] of hashes.entries()) {
    const node = history.nodes.get(hash)?.node;
    if (!node || builds.rows.state[row] === 2) continue;
    expect(packages.names[builds.rows.package[row] ?? -1]).toBe(node.name);
    expect(packages.versions[builds.rows.version[row] ?? -1]).toBe(node.version);
  }
});

test('typing finds builds by name, and the address keeps the search', async () => {
  const complaints: string[] = [];
  const page = await openSearch('', complaints);
  await page.getByRole('searchbox').fill('zlib-ng');
  await page.waitForURL(/\?q=zlib-ng$/);
  const names = await page.getByRole('rowheader').getByRole('link').allTextContents();
  expect(names[0]).toMatch(/^\s*zlib-ng\s*@/);
  await page
    .getByRole('rowheader')
    .getByRole('link')
    .filter({ hasText: /\/[a-z2-7]{7}/ })
    .first()
    .click();
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('zlib-ng');
  expect(complaints).toEqual([]);
});

test('a typing error finds what was meant', async () => {
  const page = await openSearch('?q=zlbi-ng');
  expect(
    await page.getByRole('list', { name: 'Packages found' }).getByRole('link').first().textContent(),
  ).toBe('zlib-ng');
});

test('a library is found by its file name, and its row says who ships it', async () => {
  const library = files.names.slice(files.programs).find((name) => /^lib.*\.so$/.test(name)) ?? '';
  const page = await openSearch(`?q=${library}`);
  await page.getByText(`ships ${library}`).first().waitFor();
  expect(await statusOf(page)).not.toMatch(/^0 /);
});

test('a spec narrows as Spack would, by target, compiler and variant', async () => {
  const target = packages.targets[0] ?? '';
  const page = await openSearch(`?q=${encodeURIComponent(`target=${target} %gcc +shared`)}`);
  const wanted = [...history.builds.keys()].filter((hash) => {
    const node = history.nodes.get(hash)?.node;
    const own = typeof node?.arch.target === 'string' ? node.arch.target : node?.arch.target.name;
    const gcc = node?.dependencies.some(
      ({ name, parameters }) => name === 'gcc' && parameters.virtuals.includes('c'),
    );
    return own === target && gcc && node?.parameters['shared'] === true;
  });
  expect(wanted.length).toBeGreaterThan(0);
  expect(await statusOf(page)).toMatch(new RegExp(`^${wanted.length} of `));
});

test('facets narrow by mouse and keyboard, count what they would leave, and are in the address', async () => {
  const page = await openSearch();
  const box = page.getByRole('group', { name: 'Target' }).getByRole('checkbox').first();
  const label = page.getByRole('group', { name: 'Target' }).getByRole('listitem').first();
  const count = /(\d+)\s*$/.exec((await label.textContent()) ?? '')?.[1];
  await box.focus();
  await page.keyboard.press('Space');
  expect(await statusOf(page)).toMatch(new RegExp(`^${count} of `));
  await page.waitForURL(/\?target=/);
  const second = await openSearch(new URL(page.url()).search);
  expect(await statusOf(second)).toBe(await statusOf(page));
  expect(await second.getByRole('group', { name: 'Target' }).getByRole('checkbox').first().isChecked()).toBe(
    true,
  );
});

test('a hash finds its build', async () => {
  const [hash = ''] = history.builds.keys();
  const page = await openSearch(`?q=/${hash.slice(0, 9)}`);
  await page.getByRole('status').filter({ hasText: /^1 of/ }).waitFor();
});

test('a search without results says what to do', async () => {
  const page = await openSearch('?q=nosuchpackageanywhere');
  expect(await statusOf(page)).toContain('try fewer words');
});

test('the slash moves to the search box of any page, and Enter searches', async () => {
  const page = await openPage(browser);
  await page.goto(`${site.url}/packages/`);
  await page.goto(site.url);
  await page.keyboard.press('/');
  await page.keyboard.type('zlib');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/search\/\?q=zlib$/);
  await page.getByRole('status').filter({ hasText: ' of ' }).waitFor();
});

test('on a phone the filters open by a button', async () => {
  const page = await browser.newPage({ viewport: { width: 360, height: 700 } });
  await page.goto(`${site.url}/search/?q=lib`);
  await page.getByRole('status').filter({ hasText: ' of ' }).waitFor();
  expect(await page.getByRole('checkbox').count()).toBe(0);
  await page.getByRole('button', { name: 'Filters' }).click();
  expect(await page.getByRole('checkbox').count()).toBeGreaterThan(5);
  await page.close();
});

test('pages that search, compare and check are accessible and fit a narrow screen', async () => {
  const paths = ['/search/?q=lib', '/compare/?package=zlib-ng', '/machine/', '/packages/?sort=builds'];
  expect(await findAxeViolations(browser, site, paths)).toEqual([]);
  expect(await findWidePages(browser, site, paths)).toEqual([]);
});

test('with many builds a key stroke costs less than a frame, and the first data file is small', async () => {
  const data = inventSearchData(MANY_BUILDS);
  expect(gzipSync(data.get('packages.json') ?? '').length).toBeLessThan(MOST_FIRST_BYTES);
  const page = await openPage(browser);
  await page.route('**/data/**', (route) => {
    const path = new URL(route.request().url()).pathname.split('/data/')[1] ?? '';
    return route.fulfill({ contentType: 'application/json', body: data.get(path) ?? '[]' });
  });
  await page.goto(`${site.url}/search/`);
  await page.getByRole('status').filter({ hasText: ' of ' }).waitFor();
  const costs = await measureKeys(page, ['hdf5@1.14 +mpi %gcc', 'libhdf5.so', 'hfd5', 'python numpy']);
  const worst = costs.sort((left, right) => left - right)[Math.floor(costs.length * 0.95)] ?? 0;
  expect(worst).toBeLessThan(MOST_MS);
});

/** Processor time of each key stroke, up to the layout of the results: what else the machine does is no part of it. */
async function measureKeys(page: Page, queries: string[]): Promise<number[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const readCost = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics
      .filter(({ name }) => ['ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration'].includes(name))
      .reduce((sum, { value }) => sum + value * 1000, 0);
  };
  await page.getByRole('searchbox').focus();
  const costs: number[] = [];
  for (const query of queries) {
    for (const key of query) {
      const before = await readCost();
      await page.keyboard.press(key === ' ' ? 'Space' : key);
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
      costs.push((await readCost()) - before);
    }
    await page.getByRole('searchbox').fill('');
  }
  return costs;
}
