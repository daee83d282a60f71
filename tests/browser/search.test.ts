import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { targetOf, type Node } from '../../site/schemas/node.ts';
import { BuildIndex, HashList } from '../../site/schemas/search/build-index.ts';
import { FileIndex } from '../../site/schemas/search/file-index.ts';
import { WordIndex } from '../../site/schemas/search/word-index.ts';
import { PackageIndex } from '../../site/schemas/search/package-index.ts';
import type { History } from '../generate/history.ts';
import { readData } from './read-data.ts';
import { findAxeViolations, findWidePages, openPage, readOverlap } from './checks.ts';
import { openChrome } from './chrome.ts';
import { BUILDS, openSampleSite, type SampleSite } from './sample-site.ts';
import { inventSearchData } from './search-data.ts';
import { removeFolders } from './site.ts';

/** Number of builds that the design supports; fewer in the quick run. */
const MANY_BUILDS = process.env['FULL'] ? 20_000 : 4_000;
/** Maximum size of the search's first file, in compressed bytes. */
const MOST_FIRST_BYTES = 300_000;

let site: SampleSite;
let browser: Browser;
let history: History;
let builds: BuildIndex;
let packages: PackageIndex;
let files: FileIndex;

beforeAll(async () => {
  site = await openSampleSite();
  history = site.history;
  browser = await openChrome();
  packages = await readData(site.dist, 'packages', PackageIndex);
  builds = await readData(site.dist, 'builds', BuildIndex);
  files = await readData(site.dist, 'files', FileIndex);
});

afterAll(async () => {
  await browser.close();
  await site.close();
  await removeFolders();
});

/** Opens the search page, optionally with a search in its address. */
async function openSearch(address = '', complaints?: string[]): Promise<Page> {
  const page = await openPage(browser, complaints);
  await page.goto(`${site.url}/search/${address}`);
  if (address === '') await page.getByRole('searchbox').focus();
  // Before the data is there, the page has only the numbers of builds and packages.
  await page
    .getByRole('status')
    .filter({ hasText: /( of .* in |failed builds? in |^Nothing found )/ })
    .waitFor();
  return page;
}

function statusOf(page: Page): Promise<string | null> {
  return page.getByRole('status').textContent();
}

test('the data files have every build and match their schemas', async () => {
  const hashes = await readData(site.dist, 'hashes/0', HashList);
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

test('loads its data only when somebody searches', async () => {
  const page = await openPage(browser);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(`${site.url}/search/`, { waitUntil: 'networkidle' });
  expect(asked.filter((path) => path.includes('/data/'))).toEqual([]);
  await expect.poll(() => statusOf(page)).toMatch(/[\d,]+ builds in [\d,]+ packages/);
  await page.getByRole('searchbox').focus();
  await page.getByRole('status').filter({ hasText: ' of ' }).waitFor();
  expect(asked.filter((path) => path.includes('/data/'))).not.toEqual([]);
});

test('loads and searches whole descriptions when no name matches', async () => {
  const page = await openPage(browser);
  const loaded: string[] = [];
  page.on('request', (request) => loaded.push(new URL(request.url()).pathname));
  await page.goto(`${site.url}/search/?q=zlib-ng`, { waitUntil: 'networkidle' });
  await expect.poll(() => loaded.filter((path) => path.endsWith('/data/files.json.gz')).length).toBe(1);
  expect(loaded.filter((path) => path.endsWith('/data/words.json.gz'))).toEqual([]);
  const words = await readData(site.dist, 'words', WordIndex);
  expect(words).toHaveLength(packages.names.length);
  const place = words.findIndex((text) => text.includes('means'));
  expect(packages.descriptions[place]).not.toContain('means');
  await page.getByRole('searchbox').fill(`${packages.names[place]} means`);
  await page
    .getByRole('status')
    .filter({ hasText: / in 1 package$/ })
    .waitFor();
  await expect
    .poll(() => page.locator('#search-rows h2 a').allTextContents())
    .toEqual([packages.names[place]]);
  expect(loaded.filter((path) => path.endsWith('/data/words.json.gz'))).toHaveLength(1);
});

test('typing finds builds by name, and the address keeps the search', async () => {
  const complaints: string[] = [];
  const page = await openSearch('', complaints);
  await page.getByRole('searchbox').fill('zlib-ng');
  await page.waitForURL(/\?q=zlib-ng$/);
  await expect.poll(() => page.locator('#search-rows h2 a').first().textContent()).toBe('zlib-ng');
  await page
    .locator('#search-rows li li')
    .getByRole('link')
    .filter({ hasText: /\/[a-z2-7]{7}/ })
    .first()
    .click();
  await expect.poll(() => page.getByRole('heading', { level: 1 }).textContent()).toContain('zlib-ng');
  expect(complaints).toEqual([]);
});

test('finds the right package despite a typing error', async () => {
  const page = await openSearch('?q=zlbi-ng');
  await expect
    .poll(() => page.getByRole('list', { name: 'Packages found' }).getByRole('link').first().textContent())
    .toBe('zlib-ng');
});

test('a library is found by its file name, and its row names the package', async () => {
  const library = files.names.slice(files.programs).find((name) => /^lib.*\.so$/.test(name)) ?? '';
  const page = await openSearch(`?q=${library}`);
  await page.getByText(`ships ${library}`).first().waitFor();
  await expect.poll(() => statusOf(page)).not.toMatch(/^0 /);
});

test('a spec narrows as Spack would, by target, compiler and variant', async () => {
  const nodes = [...history.builds.keys()].flatMap((hash) => history.nodes.get(hash)?.node ?? []);
  const usesGcc = (node: Node): boolean =>
    node.dependencies.some(({ name, parameters }) => name === 'gcc' && parameters.virtuals.includes('c'));
  const [example] = nodes.filter((node) => usesGcc(node) && Object.values(node.parameters).includes(true));
  const [variant = ''] = Object.entries(example?.parameters ?? {}).find(([, value]) => value === true) ?? [];
  const target = example ? targetOf(example) : '';
  const wanted = nodes.filter(
    (node) => targetOf(node) === target && usesGcc(node) && node.parameters[variant] === true,
  );
  expect(wanted.length).toBeGreaterThan(0);
  const page = await openSearch(
    `?q=${encodeURIComponent(`%gcc +${variant}`)}&target=${target}&os=${encodeURIComponent(`linux ${wanted[0]?.arch.platform_os}`)}`,
  );
  const found = wanted.filter(({ arch }) => arch.platform_os === wanted[0]?.arch.platform_os);
  await expect.poll(() => statusOf(page)).toMatch(new RegExp(`^${found.length} of `));
});

test('facets narrow by mouse and keyboard, count what they would leave, and are in the address', async () => {
  const page = await openSearch();
  const box = page.getByRole('group', { name: 'Target' }).getByRole('checkbox').first();
  const label = page.getByRole('group', { name: 'Target' }).getByRole('listitem').first();
  const count = /(\d+)\s*$/.exec((await label.textContent()) ?? '')?.[1];
  await box.focus();
  await page.keyboard.press('Space');
  await expect.poll(() => statusOf(page)).toMatch(new RegExp(`^${count} of `));
  await page.waitForURL(/\?target=/);
  const second = await openSearch(new URL(page.url()).search);
  expect(await statusOf(second)).toBe(await statusOf(page));
  await expect
    .poll(() => second.getByRole('group', { name: 'Target' }).getByRole('checkbox').first().isChecked())
    .toBe(true);
});

test('a hash finds its build', async () => {
  const [hash = ''] = history.builds.keys();
  const page = await openSearch(`?q=/${hash.slice(0, 9)}`);
  await page.getByRole('status').filter({ hasText: /^1 of/ }).waitFor();
});

test('a failure is found and links to its page', async () => {
  const page = await openSearch('?state=failed');
  await expect.poll(() => statusOf(page)).toMatch(/^\d+ failed builds? in \d+ packages?$/);
  await page.locator('#search-rows li li a[href*="/failures/"]').first().click();
  await page.waitForURL(/\/failures\/./);
  expect(site.pages).toContain(new URL(page.url()).pathname.replace(new URL(site.url).pathname, ''));
});

test('a search without results says what to leave out, and Back undoes a filter', async () => {
  const page = await openSearch('?q=nosuchpackageanywhere');
  await expect
    .poll(() => statusOf(page))
    .toMatch(/^Nothing found among \d+ builds in \d+ packages; Spack builds from source what is not here$/);
  await page.getByRole('link', { name: 'Look through all packages' }).waitFor();
  await page.goto(`${site.url}/search/?q=${encodeURIComponent('zlib-ng +nosuchvariant')}`);
  await expect.poll(() => statusOf(page)).toContain('try fewer words');
  await page.getByRole('link', { name: /^\d+ builds? without \+nosuchvariant$/ }).click();
  await page
    .getByRole('status')
    .filter({ hasText: /^[1-9]\d* of / })
    .waitFor();
  const before = await statusOf(page);
  await page.getByRole('group', { name: 'Target' }).getByRole('checkbox').first().check();
  await page.waitForURL(/target=/);
  await page.goBack();
  await page
    .getByRole('status')
    .filter({ hasText: before ?? '' })
    .waitFor();
  expect(page.url()).not.toContain('target=');
});

test('a machine is remembered: a chip, marks with a reason, a filter, and it can be forgotten', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${site.url}/machine/`);
  await page.getByRole('textbox').first().fill('linux-rocky9-zen3');
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByRole('link', { name: /^List the \d+ builds? that runs? on it$/ }).click();
  await page.waitForURL(/\?runs=here$/);
  await page.getByRole('status').filter({ hasText: / of / }).waitFor();
  await expect.poll(() => page.locator('#search-rows .mark.no, #search-rows .mark.unknown').count()).toBe(0);
  await expect
    .poll(() => page.getByRole('group', { name: 'My machine' }).getByRole('checkbox').count())
    .toBeGreaterThan(0);
  await page.goto(`${site.url}/packages/zlib-ng/`);
  await page.locator('td .mark').first().waitFor();
  await page.getByRole('button', { name: 'Forget my machine' }).click();
  await expect.poll(() => page.locator('.mark').count()).toBe(0);
  await expect.poll(() => page.locator('.machine-chip').isVisible()).toBe(false);
  await context.close();
});

test('from the home page, a machine and a package lead to a command to copy', async () => {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  await page.goto(site.url);
  await page.getByRole('textbox', { name: 'Will it work on my machine?' }).fill('linux-ubuntu24.04-zen4');
  await page.getByRole('textbox', { name: 'Package or spec, optional' }).fill('zlib-ng');
  await page.getByRole('button', { name: 'Check' }).click();
  await page.waitForURL(/\/search\/\?q=zlib-ng$/);
  const row = page.locator('.found-builds > li', { has: page.locator('.mark.yes') }).first();
  await row.getByRole('button', { name: 'Copy install command' }).click();
  await page.getByRole('status').filter({ hasText: 'Copied' }).waitFor({ state: 'attached' });
  const command = await page.evaluate(() => navigator.clipboard.readText());
  const link = await row.getByRole('link').getAttribute('href');
  expect(command.trim()).toBe(`spack install --use-buildcache only /${link?.split('/').at(-2)}`);
  const other = page.locator('.found-builds > li', { has: page.locator('.mark.no') });
  await expect.poll(() => other.getByRole('button').count()).toBe(0);
  await page.goto(`${site.url}/packages/zlib-ng/`);
  await page.getByText(/(None|All|\d+) of these \d+ builds runs? on ubuntu24.04 · zen4/).waitFor();
  await page.goto(site.url);
  await expect
    .poll(() => page.getByRole('textbox', { name: 'Will it work on my machine?' }).inputValue())
    .toBe('linux-ubuntu24.04-zen4');
  await context.close();
});

// Next to the other test of the clipboard, since all files that run at once share Chrome's.
test('a copy button puts the whole command on the clipboard', async () => {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  await page.goto(site.url);
  await page.getByRole('button', { name: 'Copy: List everything in it (all architectures)' }).click();
  await page.getByRole('status').filter({ hasText: 'Copied' }).waitFor({ state: 'attached' });
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('spack buildcache list -a\n');
  await context.close();
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

test('on a phone a button opens the filters', async () => {
  const page = await browser.newPage({ viewport: { width: 360, height: 700 } });
  await page.goto(`${site.url}/search/?q=lib`);
  await page.getByRole('status').filter({ hasText: ' of ' }).waitFor();
  await expect.poll(() => page.getByRole('checkbox').count()).toBe(0);
  await page.getByRole('button', { name: 'Filters' }).click();
  await expect.poll(() => page.getByRole('checkbox').count()).toBeGreaterThan(5);
  await page.close();
});

test('the table of packages sorts, pages and filters, and its address keeps that', async () => {
  const complaints: string[] = [];
  const page = await openPage(browser, complaints);
  await page.goto(`${site.url}/packages/`);
  await page.getByRole('button', { name: 'Builds' }).click();
  await page.waitForURL(/\?sort=builds&order=descending$/);
  const most = Math.max(...packages.builds);
  const cells = await page.locator('#packages td:nth-child(4)').allTextContents();
  const numbers = cells.map(Number);
  expect(numbers[0]).toBe(most);
  expect(numbers).toEqual(numbers.toSorted((left, right) => right - left));
  await page.reload();
  await page
    .locator('#packages td:nth-child(4)')
    .filter({ hasText: String(most) })
    .first()
    .waitFor();
  await expect
    .poll(() => page.getByRole('columnheader', { name: 'Builds' }).getAttribute('aria-sort'))
    .toBe('descending');
  await page.getByRole('searchbox', { name: 'Filter packages' }).fill('zlib-ng');
  await page
    .getByRole('status')
    .filter({ hasText: /^\d+ of \d+ packages$/ })
    .waitFor();
  await expect
    .poll(() => page.getByRole('rowheader').getByRole('link').allTextContents())
    .toContain('zlib-ng');
  expect(complaints).toEqual([]);
});

test('the choice of columns is kept', async () => {
  const page = await openPage(browser);
  await page.goto(`${site.url}/packages/`);
  await page.getByText('Columns', { exact: true }).click();
  await page.getByLabel('Targets').uncheck();
  await expect.poll(() => page.getByRole('columnheader', { name: 'Targets' }).count()).toBe(0);
  await page.reload();
  await page.getByRole('button', { name: 'Builds' }).waitFor();
  await expect.poll(() => page.getByRole('columnheader', { name: 'Targets' }).count()).toBe(0);
  await expect.poll(() => page.getByRole('columnheader', { name: 'Builds' }).count()).toBe(1);
});

test('spack arch shows how many builds run, with requests only to the site', async () => {
  const complaints: string[] = [];
  const page = await openPage(browser, complaints);
  const posted: string[] = [];
  page.on('request', (request) => {
    if (request.method() !== 'GET' || request.url().includes('zen3')) posted.push(request.url());
  });
  await page.goto(`${site.url}/`);
  await page.getByLabel('Will it work on my machine?').fill('linux-rocky9-zen3');
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByText(new RegExp(`^\\d+ of ${BUILDS} builds run on zen3, Rocky 9`)).waitFor();
  await expect.poll(() => page.getByRole('table').getByRole('row').count()).toBe(packages.targets.length + 1);
  expect(posted).toEqual([]);
  await page.getByRole('searchbox', { name: 'Search the builds that run on it' }).fill('zlib');
  await page.keyboard.press('Enter');
  await page.waitForURL(/q=zlib&runs=here$/);
  await page.getByRole('status').filter({ hasText: / of / }).waitFor();
  await expect.poll(() => page.locator('#search-rows .mark.no').count()).toBe(0);
  expect(complaints).toEqual([]);
});

test('a system with an unknown glibc is not reported as unable to run builds, and words work instead of spack arch', async () => {
  const page = await openPage(browser);
  await page.goto(`${site.url}/machine/#linux-cray-zen3`);
  await page
    .getByText(new RegExp(`^\\d+ of ${BUILDS} builds may run on zen3, Cray: its glibc decides`))
    .waitFor();
  await expect.poll(() => page.getByText('Nothing here runs on it').count()).toBe(0);
  await page.getByRole('textbox', { name: /glibc version/ }).fill('2.38');
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByText(new RegExp(`^\\d+ of ${BUILDS} builds run on zen3, Cray`)).waitFor();
  await page.getByRole('textbox', { name: /spack arch/ }).fill('Rocky Linux 9, zen3');
  await page.getByRole('textbox', { name: /glibc version/ }).fill('');
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByText(new RegExp(`^\\d+ of ${BUILDS} builds run on zen3, Rocky 9`)).waitFor();
});

test('a spec in the cache is a hit, another one shows the differences from the nearest build', async () => {
  const complaints: string[] = [];
  const page = await openPage(browser, complaints);
  await page.goto(`${site.url}/machine/`);
  const [hash = ''] = history.builds.keys();
  const node = history.nodes.get(hash)?.node;
  const paste = async (root: unknown): Promise<void> => {
    await page
      .getByRole('textbox')
      .first()
      .fill(JSON.stringify({ spec: { _meta: { version: 5 }, nodes: [root] } }));
    await page.getByRole('button', { name: 'Check' }).click();
  };
  await paste(node);
  await page.getByText('1 hit of 1 root.').waitFor();
  await paste({ ...node, hash: 'a'.repeat(32), version: '0.0.1' });
  await page.getByText('0 hits of 1 root.').waitFor();
  await page.getByRole('row', { name: /^version 0\.0\.1/ }).waitFor();
  await expect.poll(() => page.getByText('Miss: /aaaaaaa is not in the cache.').count()).toBe(1);
  await page.getByRole('textbox').first().fill('{"spec":');
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByText('cut off or something else').waitFor();
  expect(complaints).toEqual([]);
});

test('a lock with many roots has one expandable line per root, those with a usable build first', async () => {
  const page = await openPage(browser);
  await page.goto(`${site.url}/machine/`);
  const own = history.nodes.get([...history.builds.keys()][0] ?? '')?.node;
  const roots = [0, 1, 2, 3, 4].map((place) => ({
    ...own,
    ...(place === 1 ? {} : { name: `nothing-${place}` }),
    version: '0.0.1',
    hash: `${place + 2}`.repeat(32),
  }));
  const lock = {
    _meta: { 'file-type': 'spack-lockfile', 'lockfile-version': 6, 'specfile-version': 5 },
    roots: roots.map(({ hash, name }) => ({ hash, spec: name })),
    concrete_specs: Object.fromEntries(roots.map((root) => [root.hash, root])),
  };
  await page.getByRole('textbox').first().fill(JSON.stringify(lock));
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByText('0 hits of 5 roots.').waitFor();
  const lines = page.locator('details.miss > summary');
  await expect.poll(() => lines.count()).toBe(2);
  await expect.poll(() => lines.first().textContent()).toBe(`${own?.name}@0.0.1: another build runs here`);
  await expect.poll(() => lines.last().textContent()).toBe('No build of 4 packages');
  await lines.first().click();
  await page.getByText('Miss: /3333333 is not in the cache.').waitFor();
  const more = { ...lock, roots: lock.roots.slice(0, 4) };
  await page.getByLabel('or a file').setInputFiles({
    name: 'spack.lock',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify(more)),
  });
  await page.getByText('0 hits of 4 roots.').waitFor();
});

test('two builds are compared, and the address keeps which', async () => {
  const complaints: string[] = [];
  const page = await openPage(browser, complaints);
  await page.goto(`${site.url}/compare/?package=zlib-ng`);
  await page.getByText(/^\d+ of \d+ properties differ\.$/).waitFor();
  const rows = await page.getByRole('row').count();
  await page.getByLabel('Only what differs').uncheck();
  await expect.poll(() => page.getByRole('row').count()).toBeGreaterThan(rows);
  const parameters = new URL(page.url()).searchParams;
  const [left, right] = [parameters.get('a') ?? '', parameters.get('b') ?? ''];
  expect(history.nodes.get(left)?.node.name).toBe('zlib-ng');
  await page.setViewportSize({ width: 360, height: 800 });
  await page.goto(`${site.url}/compare/?a=${left}&b=${right}`);
  await page.getByText(/properties differ\.$/).waitFor();
  expect(await page.evaluate(readOverlap)).toBeUndefined();
  await page.getByRole('combobox', { name: /^With/ }).selectOption(left);
  await page.getByText('These are one and the same build.').waitFor();
  expect(complaints).toEqual([]);
});

test('a package is read, a machine checked and two builds compared with the keyboard only, on a phone', async () => {
  const page = await browser.newPage({ viewport: { width: 390, height: 700 } });
  /** Presses Tab until the focus is on the element of a selector. */
  const tabTo = async (selector: string): Promise<void> => {
    for (let presses = 0; presses < 80; presses += 1) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((text) => document.activeElement?.matches(text), selector)) return;
    }
    throw new Error(`${page.url()}: no Tab leads to ${selector}`);
  };
  await page.goto(`${site.url}/packages/zlib-ng/`);
  await tabTo('.matrix a');
  await page.keyboard.press('Enter');
  await page.waitForURL(/#b\d+$/);
  await tabTo('a[href*="/builds/zlib-ng/"]');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/builds\/zlib-ng\/[a-z2-7]{32}\/$/);

  await page.goto(`${site.url}/machine/`);
  await tabTo('#machine-paste');
  await page.keyboard.type('linux-ubuntu24.04-zen4');
  await tabTo('button[type=submit]');
  await page.keyboard.press('Enter');
  await page.getByText(/builds run on zen4, Ubuntu 24\.04/).waitFor();

  await page.goto(`${site.url}/compare/`);
  await tabTo('[name=package]');
  await page.keyboard.type('zlib-ng');
  await page.keyboard.press('Enter');
  await page.getByText(/properties differ\.$/).waitFor();
  await tabTo('[name=differing]');
  const rows = await page.getByRole('row').count();
  await page.keyboard.press('Space');
  await page.waitForFunction((few) => document.querySelectorAll('#compare-answer tr').length > few, rows);
  await page.close();
});

test('pages that search, compare and check are accessible and fit a narrow screen', async () => {
  const paths = ['/search/?q=lib', '/compare/?package=zlib-ng', '/machine/', '/packages/?sort=builds'];
  expect(await findAxeViolations(browser, site, paths)).toEqual([]);
  expect(await findWidePages(browser, site, paths)).toEqual([]);
});

let many: Map<string, string> | undefined;

function manyBuilds(): Map<string, string> {
  return (many ??= inventSearchData(MANY_BUILDS));
}

test('with many builds the first data file is small', () => {
  const data = manyBuilds();
  expect(gzipSync(data.get('packages.json.gz') ?? '').length).toBeLessThan(MOST_FIRST_BYTES);
});

test('all builds of a package are shown, those below the window a little later', async () => {
  const data = manyBuilds();
  const page = await openPage(browser);
  await page.route('**/data/**', (route) => {
    const path = new URL(route.request().url()).pathname.split('/data/')[1] ?? '';
    return route.fulfill({ contentType: 'application/json', body: data.get(path) ?? '[]' });
  });
  await page.goto(`${site.url}/search/?q=python@:`);
  await page
    .getByRole('status')
    .filter({ hasText: / in 1 package$/ })
    .waitFor();
  const count = Number.parseInt((await statusOf(page)) ?? '');
  expect(count).toBeGreaterThan(20);
  const hashes = page.locator('.found-builds > li .hash', { hasText: /\/\w/ });
  await expect.poll(() => hashes.count()).toBe(count);
  expect(new Set(await hashes.allTextContents()).size).toBe(count);
});

/** Opens a page, types into the search box of its header, and waits for suggestions. */
async function openSuggestions(text: string, page: Page): Promise<Page> {
  await page.goto(site.url);
  const box = page.getByRole('search').getByLabel('Search');
  await box.click();
  await box.pressSequentially(text);
  await page.getByRole('option').first().waitFor();
  return page;
}

test('suggestions load the data of the search page, and only when the box has the focus', async () => {
  const page = await openPage(browser);
  const loaded: string[] = [];
  page.on('request', (request) => loaded.push(new URL(request.url()).pathname));
  await page.goto(site.url, { waitUntil: 'networkidle' });
  expect(loaded.filter((path) => path.includes('/data/'))).toEqual([]);
  await page.keyboard.press('/');
  await page.keyboard.type('zlib@1 +shared');
  await page.getByRole('option', { name: 'zlib-ng@' }).waitFor();
  const data = new Set(loaded.filter((path) => path.includes('/data/')));
  expect([...data].filter((path) => !/data\/(packages|builds|files)\.json\.gz$/.test(path))).toEqual([]);
});

test('a search has the same first hit in the suggestions as on its page', async () => {
  const [hash = ''] = history.builds.keys();
  const page = await openPage(browser);
  for (const text of ['zlib1g-dev', 'zlbi-ng', 'zlib-ng/2', 'libz.so', 'means', `/${hash.slice(0, 7)}`]) {
    const results = await openSearch(`?q=${encodeURIComponent(text)}`);
    await openSuggestions(text, page);
    // Both change when more data arrives.
    const name = page.getByRole('option').first().locator('.name');
    const found = results.locator('#search-rows h2 a').first();
    await expect.poll(async () => (await name.textContent()) === (await found.textContent())).toBe(true);
    await results.close();
  }
});

test('the keyboard walks through suggestions, takes one, or leaves them', async () => {
  const complaints: string[] = [];
  const page = await openSuggestions('zlib', await openPage(browser, complaints));
  const box = page.getByRole('combobox', { name: 'Search' });
  await expect.poll(() => box.getAttribute('aria-expanded')).toBe('true');
  await page.keyboard.press('ArrowUp');
  const last = page.getByRole('option').last();
  await expect.poll(() => last.getAttribute('aria-selected')).toBe('true');
  await page.keyboard.press('ArrowDown');
  await expect.poll(() => box.getAttribute('aria-activedescendant')).toBeNull();
  await page.keyboard.press('ArrowDown');
  const first = page.getByRole('option').first();
  await expect.poll(() => box.getAttribute('aria-activedescendant')).toBe(await first.getAttribute('id'));
  await page.keyboard.press('Escape');
  await expect.poll(() => page.getByRole('option').count()).toBe(0);
  await expect.poll(() => box.inputValue()).toBe('zlib');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/packages\/zlib-ng\/$/);
  expect(complaints).toEqual([]);
});

test('data that arrives after Escape does not open the suggestions again', async () => {
  const page = await openPage(browser);
  const asked = Promise.withResolvers();
  const allowed = Promise.withResolvers();
  await page.route('**/data/files.json.gz', async (route) => {
    asked.resolve(undefined);
    await allowed.promise;
    await route.continue();
  });
  const arrived = page.waitForResponse('**/data/files.json.gz');
  await openSuggestions('libz.so', page);
  await asked.promise;
  await page.keyboard.press('Escape');
  await expect.poll(() => page.getByRole('option').count()).toBe(0);
  allowed.resolve(undefined);
  await (await arrived).finished();
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)));
  expect(await page.getByRole('option').count()).toBe(0);
  await page.keyboard.press('ArrowDown');
  await page.getByRole('option', { name: 'programs and libraries for libz.so' }).waitFor();
});

test('a click, or a finger on a phone, takes a suggestion; the last one searches for what is typed', async () => {
  const context = await browser.newContext({ viewport: { width: 320, height: 640 }, hasTouch: true });
  const page = await openSuggestions('zlbi-ng', await context.newPage());
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  await page.getByRole('option', { name: 'zlib-ng' }).tap();
  await page.waitForURL(/\/packages\/zlib-ng\/$/);
  await openSuggestions('libz.so', page);
  await page.getByRole('option', { name: 'programs and libraries for libz.so' }).click();
  await page.waitForURL(/\/search\/\?q=libz\.so$/);
  await context.close();
});

test('axe finds nothing wrong with open suggestions', async () => {
  const open = async (page: Page): Promise<void> => {
    await page.getByRole('search').getByLabel('Search').pressSequentially('li');
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('ArrowDown');
  };
  expect(await findAxeViolations(browser, site, ['/'], { prepare: open })).toEqual([]);
});
