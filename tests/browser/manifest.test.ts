import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SeedDates, SeedManifest } from '../../site/schemas/api/seed-manifest.ts';
import { openPage } from './checks.ts';
import { openChrome } from './chrome.ts';
import { ADDRESS as address, BRANCH, BUILDS, openSampleSite } from './sample-site.ts';
import { removeFolders, type TestSite } from './site.ts';

let site: TestSite;
let browser: Browser;

beforeAll(async () => {
  site = await openSampleSite();
  browser = await openChrome();
});

afterAll(async () => {
  await browser.close();
  await site.close();
  await removeFolders();
});

test('the first caches’ manifests hold every build, its own spec and page', async () => {
  const { keys, packages } = SeedManifest.parse(
    JSON.parse(await readFile(join(site.dist, 'manifest/index.html'), 'utf8')),
  );
  expect(keys).toEqual([]);
  expect(packages).toHaveLength(BUILDS);
  for (const { name, spec, url, html_url: page } of packages) {
    const hash = name.slice(-'.spack'.length - 32, -'.spack'.length);
    expect(url.endsWith(`:${name}`)).toBe(true);
    expect(site.pages).toContain(page.slice(address.length));
    expect(page).toContain(`/${hash}/`);
    const document: unknown = JSON.parse(await readFile(join(site.dist, `api/specs/${hash}.json`), 'utf8'));
    const digest = spec.split('/').at(-1) ?? '';
    expect(document).toMatchObject({ build: { image: { config: { digest: `sha256:${digest}` } } } });
  }
  const dates = SeedDates.parse(
    JSON.parse(await readFile(join(site.dist, 'manifest/dates/index.html'), 'utf8')),
  );
  expect(dates.branch).toBe(BRANCH);
  expect(dates.dates.length).toBeGreaterThan(0);
});

test.each(['/manifest/', '/manifest/dates/'])(
  'a browser that is served %s as HTML runs nothing',
  async (path) => {
    const complaints: string[] = [];
    const page = await openPage(browser, complaints);
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    const response = await page.goto(site.url + path);
    expect(response?.headers()['content-type']).toMatch(/^text\/html/);
    await expect.poll(() => page.locator('body *').count()).toBe(0);
    const shown: unknown = JSON.parse(await page.locator('body').innerText());
    expect(shown).toEqual(JSON.parse(await readFile(join(site.dist, path, 'index.html'), 'utf8')));
    // The browser requests an icon automatically.
    expect(requests.filter((url) => !url.endsWith('/favicon.ico'))).toEqual([site.url + path]);
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([]);
    await page.close();
  },
);
