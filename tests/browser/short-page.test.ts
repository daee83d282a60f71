import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LARGE_CACHE } from '../../site/lib/mirror/site-bytes.ts';
import { generateCatalog } from '../generate/catalog.ts';
import { findAxeViolations, findDeadLinks, findWidePages, openPage } from './checks.ts';
import { openChrome } from './chrome.ts';
import { findInvalidMarkup } from './markup.ts';
import { makeFolder, openSite, removeFolders, type TestSite } from './site.ts';

/** Maximum average size in bytes, by kind of file. */
const MOST_BYTES = { build: 2_000, document: 1_600, package: 7_000, failure: 8_000 };

/** A site with short pages of builds and packages, as for a large cache. */
let site: TestSite;
let browser: Browser;
let short: string[];
let full: string[];

beforeAll(async () => {
  const catalog = await makeFolder();
  await generateCatalog({ builds: LARGE_CACHE + 10, seed: 1, directory: catalog });
  site = await openSite({ catalog, address: 'https://owner.example/spack-build-cache' });
  browser = await openChrome();
  const builds = site.pages.filter((path) => path.startsWith('/builds/'));
  const pages = await Promise.all(builds.map(async (path) => ({ path, html: await readPage(path) })));
  short = pages.filter(({ html }) => / class=brief[ >]/.test(html)).map(({ path }) => path);
  full = builds.filter((path) => !short.includes(path));
});

afterAll(async () => {
  await browser.close();
  await site.close();
  await removeFolders();
});

test('all builds of a large cache have a page, most of them a short one', () => {
  expect(short.length).toBeGreaterThan(full.length);
  expect(full.length).toBeGreaterThan(0);
  expect(short.length + full.length).toBe(LARGE_CACHE + 10);
});

test('a short page has a title, and the sitemap has only full ones', async () => {
  const [path = ''] = short;
  const [, , name = '', hash = ''] = path.split('/');
  expect(await readPage(path)).toMatch(new RegExp(`<title>${name} [^<]* /${hash.slice(0, 7)}</title>`));
  const listed = [...(await readPage('/sitemap-0.xml')).matchAll(/<loc>[^<]*(\/builds\/[^<]*)<\/loc>/g)].map(
    ([, each]) => each,
  );
  expect(new Set(listed)).toEqual(new Set(full));
});

test('the page of a package in a large cache has them, too, and describes itself to programs', async () => {
  const html = await readPage('/packages/python/');
  expect(html).toMatch(/<title>python: [^<]* builds? of /);
  expect(html).toMatch(/<meta name=description content="[^"]*python from a Spack build cache: [^"]+"/);
  expect(html).toContain('"@type":"SoftwareApplication"');
});

test('a short page says what the package is, in one line, and links more about it', async () => {
  const [path = ''] = short.filter((each) => each.startsWith('/builds/python/'));
  const html = await readPage(path);
  expect(html).toMatch(/<p><bdi>python is a [^<]{20,100}<\/bdi>/);
  expect(html).toContain('<a href=../../../packages/python/>Other builds</a>');
});

test('a short page has dependencies and install commands, and a script draws its graph', async () => {
  const complaints: string[] = [];
  const page = await openPage(browser, complaints);
  const [path = ''] = short;
  const [, , name = '', hash = ''] = path.split('/');
  await page.goto(site.url + path);
  await page.getByText(/^Runs on /).waitFor();
  await page.getByText(/ (Older than|Current with|Nothing newer in) v2026\.06\.0|Not compared/).waitFor();
  const commands = await page.locator('.brief .code code').first().textContent();
  expect(commands).toBe(`spack install --use-buildcache only /${hash}`);
  await page.getByRole('link', { name: /^this cache (and its registry are|is) added$/ }).waitFor();
  await page.getByRole('button', { name: 'Graph' }).click();
  await page
    .getByRole('region', { name: 'Picture of the graph' })
    .getByText(`${name}@`)
    .first()
    .waitFor({ state: 'attached' });
  const json = await page.getByRole('link', { name: 'This build as JSON' }).getAttribute('href');
  expect((await page.request.get(new URL(json ?? '', page.url()).href)).status()).toBe(200);
  expect(complaints).toEqual([]);
});

test('a short page and that of its package link to each other without JavaScript', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  const [path = ''] = short;
  const [, , name = '', hash = ''] = path.split('/');
  await page.goto(site.url + path);
  const text = await page.locator('main').innerText();
  expect(text).toContain(`/${hash}`);
  expect(text).toMatch(/ os=\S+ target=\S+/);
  await page.getByRole('link', { name: /^this cache / }).click();
  await page
    .getByText(/^spack mirror add /)
    .first()
    .waitFor();
  await page.goBack();
  await page.getByRole('link', { name: 'Other builds' }).click();
  await page.waitForURL(`${site.url}/packages/${name}/`);
  await page.locator(`a[href$="/${hash}/"]`).first().click();
  await page.waitForURL(site.url + path);
  await context.close();
});

test('the page of a package links how to add the cache, and its command can be copied', async () => {
  const page = await openPage(browser, []);
  await page.goto(`${site.url}/packages/python/`);
  const command = page.locator('figure.code');
  expect(await command.locator('code').textContent()).toBe('spack install python');
  await command.getByRole('button', { name: /^Copy: Install, once this cache/ }).waitFor();
  await command.getByRole('link', { name: /^this cache (and its registry are|is) added$/ }).click();
  await page.waitForURL(`${site.url}/use/`);
});

test('none of them takes many bytes', async () => {
  const documents = short.map((path) => `/api/specs/${path.split('/').at(-2)}.json`);
  const packages = site.pages.filter((path) => /^\/packages\/[^/]{2,}\/$/.test(path));
  expect(await meanBytes(short)).toBeLessThan(MOST_BYTES.build);
  expect(await meanBytes(documents)).toBeLessThan(MOST_BYTES.document);
  expect(await meanBytes(packages)).toBeLessThan(MOST_BYTES.package);
  expect(await meanBytes(failures())).toBeLessThan(MOST_BYTES.failure);
});

test('short pages are valid, fit a narrow screen, and axe finds nothing wrong with them', async () => {
  const some = [...short.slice(0, 3), '/packages/python/', ...failures().slice(0, 1)];
  expect(await findInvalidMarkup(site, some)).toEqual([]);
  expect(await findWidePages(browser, site, some)).toEqual([]);
  expect(
    await findAxeViolations(browser, site, [short[0] ?? '', '/packages/python/', ...failures().slice(0, 1)]),
  ).toEqual([]);
});

test('every link and anchor works, including those of packages with many builds', async () => {
  expect(await findDeadLinks(site)).toEqual([]);
});

function failures(): string[] {
  return site.pages.filter((path) => /^\/failures\/[^/]{2,}\//.test(path));
}

async function readPage(path: string): Promise<string> {
  return readFile(join(site.dist, decodeURIComponent(path), path.endsWith('/') ? 'index.html' : ''), 'utf8');
}

async function meanBytes(paths: string[]): Promise<number> {
  const texts = await Promise.all(paths.map(readPage));
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / paths.length;
}
