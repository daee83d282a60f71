import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LARGE_CACHE } from '../../site/lib/mirror/site-bytes.ts';
import { generateCatalog } from '../generate/catalog.ts';
import { findAxeViolations, findWidePages, openPage } from './checks.ts';
import { openChrome } from './chrome.ts';
import { findInvalidMarkup } from './markup.ts';
import { makeFolder, openSite, removeFolders } from './site.ts';
import type { TestSite } from './site.ts';

/** Short pages of builds, which a large cache has. */
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
  short = pages.filter(({ html }) => html.includes('class="brief"')).map(({ path }) => path);
  full = builds.filter((path) => !short.includes(path));
}, 300_000);

afterAll(async () => {
  await browser.close();
  await site.close();
  await removeFolders();
});

test('most builds of a large cache have a short page, and all have one', () => {
  expect(short.length).toBeGreaterThan(full.length);
  expect(full.length).toBeGreaterThan(0);
  expect(short.length + full.length).toBe(LARGE_CACHE + 10);
});

test('a short page has what search engines show: title, description and its one address', async () => {
  const [path = ''] = short;
  const [, , name = '', hash = ''] = path.split('/');
  const html = await readPage(path);
  expect(html).toMatch(new RegExp(`<title>${name} [^<]* /${hash.slice(0, 7)}</title>`));
  expect(html).toMatch(new RegExp(`<meta name="description" content="${name} [^"]+: a Spack binary, [^"]+"`));
  expect(html).toContain(`<link rel="canonical" href="https://owner.example/spack-build-cache${path}">`);
  // Who shares it sees title and description: tags of their own would say the same again in each of its bytes.
  expect(html).not.toContain('og:');
});

test('a short page says what the build needs and how to install it, and a script draws its graph', async () => {
  const complaints: string[] = [];
  const page = await openPage(browser, complaints);
  const [path = ''] = short;
  const [, , name = '', hash = ''] = path.split('/');
  await page.goto(site.url + path);
  await page.getByText(/^Runs on /).waitFor();
  const commands = await page.locator('.brief .code code').first().textContent();
  expect(commands).toMatch(/^spack mirror add /);
  expect(commands).toContain(`spack install --use-buildcache only /${hash}`);
  await page.getByRole('button', { name: 'Graph' }).click();
  await page
    .getByRole('region', { name: 'Picture of the graph' })
    .getByText(`${name}@`)
    .first()
    .waitFor({ state: 'attached' });
  const json = await page.getByRole('link', { name: 'this one as JSON' }).getAttribute('href');
  expect((await page.request.get(new URL(json ?? '', page.url()).href)).status()).toBe(200);
  expect(complaints).toEqual([]);
});

test('short pages are valid, fit a narrow screen, and axe finds nothing wrong with them', async () => {
  const some = short.slice(0, 3);
  expect(await findInvalidMarkup(site, some)).toEqual([]);
  expect(await findWidePages(browser, site, some)).toEqual([]);
  expect(await findAxeViolations(browser, site, some.slice(0, 1))).toEqual([]);
});

async function readPage(path: string): Promise<string> {
  return readFile(join(site.dist, path, 'index.html'), 'utf8');
}
