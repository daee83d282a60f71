import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findAxeViolations, findDeadLinks, findWidePages, openPage } from './checks.ts';
import { openChrome } from './chrome.ts';
import { FINGERPRINT, HOSTILE, writeHostileCatalog } from './hostile-catalog.ts';
import { findInvalidMarkup, pickKinds } from './markup.ts';
import { makeFolder, openSite, removeFolders, type TestSite } from './site.ts';

/** Number of pages open at a time. */
const TABS = 4;

let site: TestSite;
let browser: Browser;
/** Pages with hostile text, some of each kind; all pages in the full test. */
let looked: string[];

beforeAll(async () => {
  const catalog = await makeFolder();
  await writeHostileCatalog(catalog);
  site = await openSite({
    catalog,
    address: 'https://owner.example',
    settings: { REGISTRY: 'registry.example.org/owner/cache', PAGES_BUDGET: '2MB' },
  });
  browser = await openChrome();
  const reached = pickKinds(site.pages.filter((path) => !path.startsWith('/guide/')));
  looked = process.env['FULL'] ? site.pages : reached;
});

afterAll(async () => {
  await browser.close();
  await site.close();
  await removeFolders();
});

test('nothing in hostile text runs on any page', async () => {
  const complaints: string[] = [];
  expect(site.pages).toContain('/failures/constructor/1-2/');
  const left = [...looked];
  // Most of the time is spent waiting until a page sends no more requests.
  const tabs = Array.from({ length: TABS }, async () => {
    const page = await openPage(browser, complaints);
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      await page.goto(site.url + path, { waitUntil: 'networkidle' });
      expect(await page.evaluate(() => 'hostile' in window), path).toBe(false);
    }
    await page.close();
  });
  await Promise.all(tabs);
  expect(complaints).toEqual([]);
});

test('hostile text is shown verbatim', async () => {
  const page = await openPage(browser);
  await page.goto(site.url + site.pages.find((path) => path.startsWith('/builds/index/')));
  await expect.poll(() => page.locator('.whole').textContent()).toContain(HOSTILE);
  await page.goto(`${site.url}/packages/?q=script`);
  await page.getByRole('status').filter({ hasText: '3 of 3 packages' }).waitFor();
  // Lists show the beginning of a description.
  await expect.poll(() => page.getByRole('rowheader').first().textContent()).toContain(HOSTILE.slice(0, 60));
  await page.goto(`${site.url}/health/`);
  const finding = page.getByRole('row').filter({ hasText: 'site-blob-missing' });
  await expect
    .poll(() => finding.getByRole('cell').allTextContents())
    .toEqual([HOSTILE, HOSTILE, HOSTILE, HOSTILE]);
  await expect.poll(() => page.getByText('1 problem, 0 warnings').count()).toBe(1);
  expect(await page.evaluate(() => 'hostile' in window)).toBe(false);
});

test('axe finds nothing wrong, in either theme', async () => {
  // The markup is that of other sites; pages with the most untrusted text show its effect.
  const most = looked.filter((path) => /^\/((builds|packages|failures|environments)\/.|health\/)/.test(path));
  expect(await findAxeViolations(browser, site, pickKinds(process.env['FULL'] ? looked : most, 1))).toEqual(
    [],
  );
});

test('a validator finds nothing wrong', async () => {
  expect(await findInvalidMarkup(site, pickKinds(looked, 1))).toEqual([]);
});

test('text of any length and direction does not make pages wider than the screen', async () => {
  expect(await findWidePages(browser, site, looked)).toEqual([]);
});

test('every internal link works without a base path', async () => {
  expect(await findDeadLinks(site)).toEqual([]);
});

test('a signed cache is added with its key, and builds that are only in the registry are marked', async () => {
  const page = await openPage(browser);
  await page.goto(site.url);
  const codes = await page.getByRole('code').allTextContents();
  expect(codes).toContain(
    'spack mirror add --type binary owner https://owner.example\nspack buildcache keys --install --trust',
  );
  expect(codes).toContain(
    'spack mirror add --type binary owner-registry oci://registry.example.org/owner/cache',
  );
  await expect.poll(() => page.getByText('3 of 3 builds are only in the registry').count()).toBe(1);
  expect(await readFile(join(site.dist, `keys/${FINGERPRINT}.asc`), 'utf8')).toContain(HOSTILE);
  await page.goto(`${site.url}/builds/index/${'b'.repeat(32)}/`);
  await expect.poll(() => page.getByText('registry only', { exact: true }).count()).toBe(1);
  await page.getByRole('radio', { name: 'ORAS' }).check();
  await expect
    .poll(() => page.getByRole('code').allTextContents())
    .toContain(`oras pull registry.example.org/owner/cache:index-0-${'b'.repeat(32)}.spack`);
});
