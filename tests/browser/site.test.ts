import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readData } from './read-data.ts';
import { findAxeViolations, findDeadLinks, findWidePages, openPage } from './checks.ts';
import { openChrome } from './chrome.ts';
import { PackageDocument, type BuildSummary } from '../../site/schemas/api/package-document.ts';
import { RemovedBuild } from '../../site/schemas/search/removed-build.ts';
import { openSampleSite } from './sample-site.ts';
import { removeFolders, type TestSite } from './site.ts';

/** Maximum size of a page with everything it loads, in compressed bytes. */
const MOST_BYTES = 60_000;

let site: TestSite;
let browser: Browser;
let kinds: string[];

beforeAll(async () => {
  site = await openSampleSite();
  browser = await openChrome();
  const find = (start: string): string => site.pages.find((path) => path.startsWith(start)) ?? '';
  kinds = [
    '/',
    '/packages/',
    find('/packages/z'),
    find('/builds/gcc-runtime/'),
    find('/builds/z'),
    '/nowhere/at/all/',
  ];
});

afterAll(async () => {
  await browser.close();
  await site.close();
  await removeFolders();
});

test('axe finds nothing wrong on any kind of page, in either theme', async () => {
  expect(await findAxeViolations(browser, site, kinds)).toEqual([]);
});

test('no page is wider than a screen of 320 pixels', async () => {
  expect(await findWidePages(browser, site, kinds)).toEqual([]);
});

test('every internal link and anchor works under a base path', async () => {
  expect(await findDeadLinks(site)).toEqual([]);
});

test('pages and their resources stay small and cause no errors', async () => {
  const complaints: string[] = [];
  const page = await openPage(browser, complaints);
  for (const path of kinds.slice(0, -1)) {
    const bodies: Promise<Buffer>[] = [];
    page.on('response', (response) => bodies.push(response.body()));
    await page.goto(site.url + path, { waitUntil: 'networkidle' });
    page.removeAllListeners('response');
    const bytes = (await Promise.all(bodies)).reduce((sum, body) => sum + gzipSync(body).length, 0);
    expect(bytes, path).toBeGreaterThan(1_000);
    expect(bytes, path).toBeLessThan(MOST_BYTES);
  }
  expect(complaints).toEqual([]);
});

test('the home page says how to use an unsigned cache', async () => {
  const page = await openPage(browser);
  await page.goto(site.url);
  const code = await page.getByRole('figure').first().getByRole('code').textContent();
  expect(code?.trim()).toBe(
    'spack mirror add --type binary --unsigned spack-build-cache https://owner.example/spack-build-cache',
  );
  await expect.poll(() => page.getByText('The binaries are not signed').count()).toBe(1);
});

test('home, packages and builds mark what is older than the newest recipes', async () => {
  const page = await openPage(browser);
  await page.goto(site.url);
  await page.getByText('older than recipes v2026.06.0, the first of them since 20 Jun 2026').waitFor();
  const said: string[] = [];
  for (const path of site.pages.filter((each) => each.startsWith('/builds/')).slice(0, 20)) {
    await page.goto(site.url + path);
    said.push(
      await page
        .getByText(/with its|to download/)
        .first()
        .innerText(),
    );
  }
  const kinds = [
    'Older than recipes',
    'Current with recipes',
    'Nothing newer in recipes',
    'Not compared with',
  ];
  expect(kinds.filter((kind) => !said.some((text) => text.includes(kind)))).toEqual([]);
});

test('the search box of any page leads to a search with its own address', async () => {
  const page = await openPage(browser);
  await page.goto(site.url + kinds[3]);
  await page.getByRole('search').getByLabel('Search').fill('zlib');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/search\/\?q=zlib$/);
  await page
    .getByRole('status')
    .filter({ hasText: / of \d+ builds/ })
    .waitFor();
  await expect.poll(() => page.locator('#search-rows h2 a').first().textContent()).toBe('zlib-ng');
});

test('every package and build is reached by links without JavaScript', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(site.url);
  await page.getByRole('link', { name: /^All \d+ packages$/ }).click();
  await page.getByRole('link', { name: 'zlib-ng' }).click();
  await expect.poll(() => page.getByRole('heading', { level: 1 }).textContent()).toBe('zlib-ng');
  await page
    .getByRole('region', { name: 'Builds of' })
    .getByRole('rowheader')
    .first()
    .getByRole('link')
    .click();
  await expect
    .poll(() => page.getByRole('heading', { level: 1 }).textContent())
    .toMatch(/^\s*zlib-ng@.+ \/[a-z2-7]{32}\s*$/);
  await expect.poll(() => page.getByRole('button').count()).toBe(0);
  await context.close();
});

test('a build page shows the spec as Spack prints it', async () => {
  const page = await openPage(browser);
  for (const path of kinds.slice(3, 5)) {
    await page.goto(site.url + path);
    const hash = path.split('/').at(-2) ?? '';
    const { spec }: { spec: string } = JSON.parse(
      await readFile(join(site.dist, `api/specs/${hash}.json`), 'utf8'),
    );
    expect((await page.locator('.whole').textContent())?.trim()).toBe(spec);
  }
});

test('a missing address answers with links home that work at any depth', async () => {
  const page = await openPage(browser);
  const response = await page.goto(`${site.url}/nowhere/at/all/`);
  expect(response?.status()).toBe(404);
  await page.getByRole('link', { name: 'home page' }).click();
  await page.waitForURL(`${site.url}/`);
});

test('an address of a removed build gives the reason and newer builds, and capitals and short hashes redirect', async () => {
  const page = await openPage(browser);
  const [removed] = await readData(site.dist, 'removed', RemovedBuild.array());
  if (!removed) throw new Error('the sample has no removed build');
  await page.goto(`${site.url}/builds/${removed.name}/${removed.hash}/`);
  await page.getByText(`was removed on`).waitFor();
  await expect.poll(() => page.locator('#lost').textContent()).toContain(removed.reason);
  await page.getByRole('link', { name: `All builds of ${removed.name}` }).click();
  await page.waitForURL(`${site.url}/packages/${removed.name}/`);
  const [build = ''] = kinds.filter((path) => /^\/builds\/[^/]+\/./.test(path));
  const [, , name = '', hash = ''] = build.split('/');
  await page.goto(`${site.url}/builds/${name.toUpperCase()}/${hash.slice(0, 7)}`);
  await page.locator('#lost').getByRole('link').first().click();
  await page.waitForURL(site.url + build);
});

test('an address of a removed build leads to the nearest one: for its target and system, its target, its platform', async () => {
  const page = await openPage(browser);
  const { name, first, other } = await findVaried();
  const hash = 'f'.repeat(32);
  const offer = async (arch?: RemovedBuild['arch']): Promise<string | null> => {
    const known = { name, version: '0', hash, date: '2026-06-01T00:00:00Z', reason: 'it is old' };
    const json = [RemovedBuild.parse({ ...known, ...(arch && { arch }) })];
    await page.route('**/data/removed.json.gz', (route) => route.fulfill({ json }));
    await page.goto(`${site.url}/builds/${name}/${hash}/`);
    return page.getByText(/^The (nearest|newest) build/).textContent();
  };
  const { platform, os, target } = other;
  expect(await offer()).toMatch(new RegExp(`newest .*/${first.hash.slice(0, 7)}`));
  for (const each of [os, 'gone'])
    expect(await offer({ platform, os: each, target })).toMatch(
      new RegExp(`nearest .*/${other.hash.slice(0, 7)}`),
    );
});

/** Finds a package with a build for another target than its newest build. */
async function findVaried(): Promise<{ name: string } & Record<'first' | 'other', BuildSummary>> {
  const folder = join(site.dist, 'api/packages');
  for (const file of await readdir(folder)) {
    const { name, builds } = PackageDocument.parse(JSON.parse(await readFile(join(folder, file), 'utf8')));
    const [first] = builds;
    const other = builds.find(({ target }) => target !== first?.target);
    if (first && other) return { name, first, other };
  }
  throw new Error('the sample has no package for two targets');
}

test('the keyboard skips to the content and walks through it', async () => {
  const page = await openPage(browser);
  await page.goto(`${site.url}/packages/`);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('content');
  await page.keyboard.press('Tab');
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('search');
});
