import { AxeBuilder } from '@axe-core/playwright';
import { cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseHTML } from 'linkedom';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SiblingTable } from '../../site/lib/federation/siblings.ts';
import { generateCatalog } from '../generate/catalog.ts';
import { findAxeViolations, findDeadLinks, findOverlaps, findWidePages, openPage } from './checks.ts';
import { openChrome } from './chrome.ts';
import { findInvalidMarkup, pickKinds } from './markup.ts';
import { makeFolder, openSite, removeFolders, type TestSite } from './site.ts';

const FINGERPRINT = 'FF812714F6D64D5FC414EC652E6EF459923242D9';
const ADDRESS = 'https://owner.example/spack-build-cache';

const SIBLING = 'https://sibling.example/cache';
const HOSTILE = 'https://hostile.example/cache';
const SLOW = 'https://slow.example/cache';
const MOVED = 'https://moved.example/cache';

let site: TestSite;
let browser: Browser;
let kinds: string[];

beforeAll(async () => {
  const catalog = await makeFolder();
  await generateCatalog({ builds: 60, seed: 1, directory: catalog });
  await addKey(catalog);
  await writeFile(
    join(catalog, 'cache.json'),
    JSON.stringify({ registry: 'ghcr.io/owner/repo', repository: 'owner/repo', repositoryId: '1' }),
  );
  await writeFile(join(catalog, 'environments/new.yaml'), 'spack:\n  specs:\n  - zlib\n');
  // Room for about half of the tarballs.
  const settings = { PAGES_BUDGET: '70MB', FEDERATE: `${SIBLING} ${HOSTILE} ${SLOW} ${MOVED} ${ADDRESS}/` };
  site = await openSite({ catalog, address: ADDRESS, settings });
  browser = await openChrome();
  kinds = pickKinds(site.pages);
});

afterAll(async () => {
  await browser.close();
  await site.close();
  await removeFolders();
});

test('a validator finds nothing wrong with any kind of page', async () => {
  expect(await findInvalidMarkup(site, kinds)).toEqual([]);
});

test('every link, anchor, canonical address, sitemap and feed entry works', async () => {
  expect(await findDeadLinks(site)).toEqual([]);
});

test('axe finds nothing wrong on any page other than packages and builds', async () => {
  expect(await findAxeViolations(browser, site, pickKinds(own(), 1), { themesInTurn: true })).toEqual([]);
});

test('none of them is wider than a screen of 320 pixels', async () => {
  expect(await findWidePages(browser, site, own())).toEqual([]);
});

test('the command to copy for a build that only the registry has adds the registry first', async () => {
  const page = await browser.newPage();
  await page.goto(`${site.url}/search/?state=registry`);
  const row = page.locator('.found-builds > li', { hasText: 'in the registry only' }).first();
  await expect
    .poll(async () => (await row.locator('button').getAttribute('title'))?.split('\n'))
    .toEqual([
      'spack mirror add --type binary spack-build-cache-registry oci://ghcr.io/owner/repo',
      expect.stringMatching(/^spack install --use-buildcache only \/[a-z2-7]{32}$/),
    ]);
  await page.close();
});

test('links and buttons are large enough for a finger', async () => {
  const page = await browser.newPage({ viewport: { width: 412, height: 823 } });
  const findings: string[] = [];
  // Pages with links close to each other.
  const close = ['/packages/', '/tags/', '/siblings/', '/failures/'];
  for (const path of process.env['FULL'] ? pickKinds(site.pages, 1) : close) {
    await page.goto(site.url + path);
    const { violations } = await new AxeBuilder({ page }).setLegacyMode().withRules('target-size').analyze();
    for (const { nodes } of violations) findings.push(`${path}: ${nodes.map(({ html }) => html).join(' ')}`);
  }
  await page.close();
  expect(findings).toEqual([]);
});

test('no text overlaps another on a phone, a tablet or paper', async () => {
  expect(await findOverlaps(browser, site, process.env['FULL'] ? kinds : pickKinds(site.pages, 1))).toEqual(
    [],
  );
});

test('the usage page has the commands for a signed cache, for site and registry, and for views', async () => {
  const page = await open('/use/');
  const commands = (await page.getByRole('code').allTextContents()).join('\n');
  expect(commands).toContain(`spack mirror add --type binary spack-build-cache ${ADDRESS}\n`);
  expect(commands).toContain('spack buildcache keys --install --trust');
  expect(commands).toContain('oci://ghcr.io/owner/repo');
  expect(commands).toMatch(/--name target-\S+ spack-build-cache/);
  expect(commands).not.toContain('--unsigned');
  expect(commands).not.toMatch(/buildcache list(?! -a)/);
  await expect.poll(() => page.getByText('binaries may then come unsigned').count()).toBe(1);
  // The builds were published before there was a key.
  await expect.poll(() => page.getByText('60 of 60 builds are not signed').count()).toBe(1);
  await expect.poll(() => page.getByText('The binaries are signed').count()).toBe(0);
});

test('packages of siblings are found, a lock is covered by mirrors of both, and a hostile sibling does no harm', async () => {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  const specs = SiblingTable.parse(JSON.parse(await readFile(join(site.dist, 'api/specs.json'), 'utf8')));
  const [name = '', version = ''] = [specs.words.package[0], specs.words.version[0]];
  const said = new Map<string, unknown>([
    [
      `${SIBLING}/api/packages.json`,
      { packages: [{ name: 'only-there', versions: ['<b>1</b>\u202e'], targets: ['zen3'], builds: 1 }] },
    ],
    [`${SIBLING}/api/specs.json`, specs],
    [
      `${HOSTILE}/api/packages.json`,
      { packages: [{ name: '<img src=x onerror=alert(1)>', versions: [], targets: [], builds: 1 }] },
    ],
    [`${HOSTILE}/api/specs.json`, { ...specs, columns: { ...specs.columns, size: [] } }],
  ]);
  for (const [address, document] of said)
    await page.route(address, (route) =>
      route.fulfill({ json: document, headers: { 'access-control-allow-origin': '*' } }),
    );
  // A sibling that never answers does not delay others.
  await page.route(`${SLOW}/api/packages.json`, () => new Promise(() => undefined));
  await page.route(`${MOVED}/**`, (route) =>
    route.fulfill({
      status: 301,
      headers: { location: 'https://new.example/', 'access-control-allow-origin': '*' },
    }),
  );
  await page.route(`${SLOW}/api/specs.json`, (route) => route.abort());
  await page.goto(`${site.url}/siblings/`);
  await page
    .getByText('moved.example/cache/api/packages.json cannot be read: no answer, or it has moved')
    .waitFor();
  // A shared list of caches contains this one, too.
  await expect.poll(() => page.getByText(/and 4 others have/).count()).toBe(1);
  await page.getByText('hostile.example/cache/api/packages.json is not a document of a cache').waitFor();
  await page.getByRole('main').getByRole('searchbox').fill('only-there');
  const found = page.getByRole('region', { name: 'Packages of all caches' });
  await found.getByText('<b>1</b>\\u202e · zen3').waitFor();
  await expect
    .poll(() => found.getByRole('link').getAttribute('href'))
    .toBe(`${SIBLING}/packages/only-there/`);
  await page.getByRole('main').getByRole('searchbox').fill(name);
  await found.getByText(new URL(site.url).host).first().waitFor();

  // A lock with only the first build, which this site and the sibling have.
  const hash = specs.columns.hash[0] ?? '';
  const node = { name, version, arch: { platform: 'linux', platform_os: 'debian12', target: 'zen3' }, hash };
  const lock = {
    _meta: { 'lockfile-version': 6, 'specfile-version': 5 },
    roots: [{ hash, spec: name }],
    concrete_specs: { [hash]: node },
  };
  const paste = page.getByRole('textbox', { name: 'A spack.lock' });
  await paste.fill(JSON.stringify(lock));
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByText('100%: 1 of 1 spec can be downloaded').waitFor();
  await page.getByText('hostile.example/cache/api/specs.json is not a document of a cache').waitFor();
  await expect.poll(() => page.getByText('spack mirror add --type binary cache-1').count()).toBe(1);
  await paste.fill('not json');
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByText('found something that is not JSON').waitFor();
  expect(errors).toEqual([]);
  await page.close();
});

test('the page on keys shows fingerprint, owner and file', async () => {
  const page = await open('/keys/');
  await page.getByRole('heading', { name: FINGERPRINT.replaceAll(/(.{4})(?=.)/g, '$1 ') }).waitFor();
  await expect.poll(() => page.getByText('Fixture signer').count()).toBe(1);
  const file = await page.getByRole('link', { name: `${FINGERPRINT}.asc` }).getAttribute('href');
  expect(file).toBe(`/spack-build-cache/keys/${FINGERPRINT}.asc`);
});

test('a failure has its log, its run, a way to try again and a prefilled form', async () => {
  const page = await open('/failures/');
  await page
    .getByRole('region', { name: 'Failures' })
    .getByRole('rowheader')
    .getByRole('link')
    .first()
    .click();
  await expect
    .poll(() => page.getByRole('region', { name: 'End of the log' }).textContent())
    .toContain('Error: ');
  await expect
    .poll(() => page.getByRole('link', { name: 'this run' }).getAttribute('href'))
    .toMatch(/actions\/runs\/\d+$/);
  const again = await page.getByRole('link', { name: 'Try again' }).getAttribute('href');
  expect(again).toBe('https://github.com/owner/repo/actions/workflows/manual.yml');
  const report = new URL((await page.getByRole('link', { name: 'Report it' }).getAttribute('href')) ?? '');
  expect(report.pathname).toBe('/owner/repo/issues/new');
  const form = await readFile(
    resolve('.github/ISSUE_TEMPLATE', report.searchParams.get('template') ?? ''),
    'utf8',
  );
  for (const field of [...report.searchParams.keys()].filter(
    (name) => !['template', 'title'].includes(name),
  )) {
    expect(form).toContain(`id: ${field}\n`);
  }
  expect(report.searchParams.get('spec')).not.toBe('');
});

test('an environment shows how much of it is built and how to use only it', async () => {
  const page = await open('/environments/');
  await page.getByRole('link', { name: 'hpc-tools' }).click();
  await page.getByRole('img', { name: /^\d+(\.\d)?% built$/ }).waitFor();
  const rows = await page.getByRole('region', { name: 'Roots' }).getByRole('row').count();
  const yaml = await page.getByRole('region', { name: 'spack.yaml' }).textContent();
  expect(rows - 1).toBe(yaml?.match(/^ {2}- /gm)?.length);
  const install = page.getByText(/^spack install --use-buildcache only (\/\w{7} ?)+$/);
  expect((await install.textContent())?.match(/\/\w{7}/g)).toHaveLength(rows - 1);
  await page.setViewportSize({ width: 390, height: 844 });
  const state = page.getByRole('region', { name: 'Roots' }).getByText(/^(?:built|missing|failed)$/);
  const { x = 390, width = 0 } = (await state.first().boundingBox()) ?? {};
  expect(x + width).toBeLessThan(390);
  await page.goto(`${site.url}/environments/new/`);
  await page.getByText('the next run of its workflow concretizes and builds it').waitFor();
});

test('statistics have charts and a table with the same numbers', async () => {
  const page = await open('/statistics/');
  const chart = page.getByRole('figure', { name: 'Builds by target' });
  await chart.getByRole('img', { name: 'Builds by target' }).waitFor();
  await chart.getByText('As a table').click();
  const cells = await chart.getByRole('row').getByRole('cell').allTextContents();
  const counts = cells.filter((_, index) => index % 2 === 0).map(Number);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(60);
  await expect.poll(() => chart.locator('svg rect').count()).toBe(counts.length);
});

test('storage adds up and lists builds that are only in the registry', async () => {
  const page = await open('/storage/');
  const table = page.getByRole('region', { name: 'Storage in use' });
  const percents = await table
    .getByRole('cell')
    .filter({ hasText: /^[\d.]+%$/ })
    .allTextContents();
  const values = percents.map((text) => Number.parseFloat(text));
  const [used = 0, free = 0] = values.slice(-2);
  expect(used + free).toBeCloseTo(100, 0);
  expect(values.slice(0, -2).reduce((sum, value) => sum + value, 0)).toBeCloseTo(used, 0);
  await expect.poll(() => page.getByText(/Building took [\d,]+ min in \w{3} \d{4}/).count()).toBe(1);
  const elsewhere = page.getByRole('region', { name: 'Builds that only the registry has' });
  await expect.poll(() => elsewhere.getByRole('row').count()).toBeGreaterThan(1);
});

test('tags link to their packages and packages to their tags', async () => {
  const page = await open('/packages/');
  await page.getByRole('list', { name: 'Tags' }).getByRole('link', { name: 'All tags' }).click();
  const tag = page.getByRole('region', { name: 'Tags' }).getByRole('rowheader').getByRole('link').first();
  const name = (await tag.textContent())?.trim() ?? '';
  await tag.click();
  await page.getByRole('rowheader').getByRole('link').first().click();
  await page.getByRole('link', { name, exact: true }).click();
  await page.waitForURL(`${site.url}/tags/${name}/`);
});

test('feeds are XML that a browser can read, the newest first', async () => {
  const page = await open('/');
  for (const name of ['builds', 'failures']) {
    const text = await readFile(join(site.dist, `feeds/${name}.atom`), 'utf8');
    const dates = await page.evaluate((xml) => {
      const parsed = new DOMParser().parseFromString(xml, 'application/xml');
      if (parsed.querySelector('parsererror')) throw new Error(parsed.documentElement.textContent);
      return [...parsed.querySelectorAll('entry > updated')].map((date) => date.textContent);
    }, text);
    expect(dates.length).toBeGreaterThan(0);
    expect(dates).toEqual(dates.toSorted().reverse());
  }
});

test('heads have what search engines and link previews look for', async () => {
  const page = await open('/');
  const titles = new Set<string>();
  for (const path of kinds) {
    const html = await readFile(join(site.dist, decodeURIComponent(path), 'index.html'), 'utf8');
    const { document } = parseHTML(html);
    const valueOf = (selector: string, name: string): string =>
      document.querySelector(selector)?.getAttribute(name) ?? '';
    titles.add(document.title);
    expect(valueOf('link[rel=canonical]', 'href')).toBe(ADDRESS + path);
    expect(valueOf('meta[property="og:title"]', 'content'), path).toMatch(/\w/);
    expect(valueOf('meta[name=description]', 'content').length, path).toBeGreaterThan(20);
  }
  expect(titles.size).toBe(kinds.length);
  const data: unknown = JSON.parse(
    (await page.locator('script[type="application/ld+json"]').textContent()) ?? '',
  );
  expect(data).toMatchObject({ '@type': 'DataCatalog', url: `${ADDRESS}/` });
  const card = await readFile(join(site.dist, 'social-card.png'));
  // The first chunk of a PNG has its width and height.
  expect([card.toString('latin1', 1, 4), card.readUInt32BE(16), card.readUInt32BE(20)]).toEqual([
    'PNG',
    1200,
    630,
  ]);
});

test('a page with the data of an API document links to it', async () => {
  const page = await open('/');
  for (const [path, name] of [
    ['/failures/', 'failures'],
    ['/environments/', 'environments'],
    ['/environments/hpc-tools/', 'environments/hpc-tools'],
    ['/statistics/', 'stats'],
    ['/storage/', 'storage'],
    ['/keys/', 'keys'],
    ['/packages/', 'packages'],
  ]) {
    await page.goto(site.url + path);
    const link = await page.getByRole('link', { name: 'This page as JSON' }).getAttribute('href');
    expect(link, path).toBe(`/spack-build-cache/api/${name}.json`);
  }
});

test('on a phone the menu opens by keyboard, closes with Escape, and its links work', async () => {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.goto(site.url);
  const menu = page.getByRole('navigation', { name: 'Site' });
  await expect.poll(() => menu.isVisible()).toBe(false);
  const button = page.getByRole('button', { name: 'Menu' });
  await button.focus();
  await page.keyboard.press('Enter');
  await menu.waitFor();
  await page.keyboard.press('Escape');
  await menu.waitFor({ state: 'hidden' });
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${site.url}/packages/`);
  await context.close();
});

test('a phone shows when a build failed, and the guide breaks no name of a setting', async () => {
  const page = await open('/failures/');
  await page.setViewportSize({ width: 390, height: 844 });
  await expect
    .poll(() => page.getByRole('region', { name: 'Failures' }).locator('time:visible').count())
    .toBe(await page.getByRole('rowheader').count());
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`${site.url}/guide/settings/`);
  const names = page.locator('.prose td:first-child > code');
  expect(await names.count()).toBeGreaterThan(10);
  const broken = await names.evaluateAll((codes) =>
    codes.filter((code) => code.getClientRects().length > 1).map(({ textContent }) => textContent),
  );
  expect(broken).toEqual([]);
});

test('all content is available without JavaScript', async () => {
  const context = await browser.newContext({
    javaScriptEnabled: false,
    viewport: { width: 360, height: 740 },
  });
  const page = await context.newPage();
  await page.goto(site.url);
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('link', { name: 'Failures', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Failures' }).waitFor();
  // Forms that need a script are not shown.
  for (const path of ['/machine/', '/compare/', '/search/', '/siblings/', '/packages/']) {
    await page.goto(site.url + path);
    if (path !== '/packages/') await page.locator('main noscript p').waitFor();
    await expect.poll(() => page.locator('form:visible').count(), { message: path }).toBe(0);
  }
  await context.close();
});

async function open(path: string): Promise<Page> {
  const page = await openPage(browser);
  await page.goto(site.url + path);
  return page;
}

/** Pages other than those of packages and builds. */
function own(): string[] {
  return kinds.filter((path) => !/^\/(packages|builds)\/./.test(path));
}

/** Adds the public key of the signed sample cache to a catalog. */
async function addKey(catalog: string): Promise<void> {
  const blobs = resolve('tests/fixtures/cache-signed/blobs');
  await mkdir(join(catalog, 'keys'), { recursive: true });
  for (const file of await readdir(blobs, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    const head = (await readFile(path)).subarray(0, 36).toString('latin1');
    if (head === '-----BEGIN PGP PUBLIC KEY BLOCK-----')
      await cp(path, join(catalog, `keys/${FINGERPRINT}.asc`));
  }
}
