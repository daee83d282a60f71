import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readGraph } from '../../site/lib/graph/graph.ts';
import { GraphPart } from '../../site/schemas/graph.ts';
import { readData } from './read-data.ts';
import { findAxeViolations, findWidePages, openPage } from './checks.ts';
import { openChrome } from './chrome.ts';
import { LARGEST, writeRealCatalog } from './real-catalog.ts';
import { makeFolder, openSite, removeFolders, type TestSite } from './site.ts';

let site: TestSite;
let browser: Browser;
let largest: string;
let smaller: string;
const complaints: string[] = [];

beforeAll(async () => {
  const catalog = await makeFolder();
  await writeRealCatalog(catalog);
  site = await openSite({
    catalog,
    address: 'https://owner.example/spack-build-cache',
    settings: { REGISTRY: 'registry.example.org/owner/cache' },
  });
  browser = await openChrome();
  const find = (name: string): string => site.pages.find((path) => path.startsWith(`/builds/${name}/`)) ?? '';
  [largest, smaller] = [find(LARGEST), find('hdf5')];
});

afterAll(async () => {
  await browser.close();
  await site.close();
  await removeFolders();
});

test('draws a real DAG of 101 nodes as a picture that mouse and keyboard move and zoom', async () => {
  const page = await openLargest();
  await page.getByRole('button', { name: 'Graph' }).click();
  const frame = page.getByRole('region', { name: 'Picture of the graph' });
  await frame.getByRole('group', { name: 'Graph of 101 nodes' }).waitFor();
  await expect.poll(() => frame.getByRole('link').count()).toBe(95);

  await frame.scrollIntoViewIfNeeded();
  const before = await position(page);
  const box = await frame.boundingBox();
  if (!box) throw new Error('the frame has a place');
  await page.mouse.move(box.x + 700, box.y + 300);
  await page.mouse.down();
  await page.mouse.move(box.x + 300, box.y + 200, { steps: 4 });
  await page.mouse.up();
  expect((await position(page)).left).toBe(before.left + 400);
  expect(page.url()).toBe(site.url + largest);

  await frame.focus();
  await page.keyboard.press('ArrowLeft');
  await expect.poll(async () => (await position(page)).left).toBeLessThan(before.left + 400);
  await page.keyboard.press('0');
  const whole = await position(page);
  expect(whole.width).toBeLessThanOrEqual(Math.ceil(box.width));
  await page.keyboard.press('+');
  expect((await position(page)).width).toBeGreaterThan(whole.width);
  await page.getByRole('button', { name: 'Zoom out' }).click();
  expect((await position(page)).width).toBe(whole.width);

  await page.getByRole('checkbox', { name: 'Run-time only' }).check();
  await frame.getByRole('group', { name: 'Graph of 53 nodes' }).waitFor();
  await frame.getByRole('link', { name: 'htslib@1.22.1' }).press('Enter');
  await page.waitForURL(/\/builds\/htslib\//);
  expect(complaints).toEqual([]);
});

test('a searched node is marked with the shortest path to it, which is also given in words', async () => {
  const page = await openLargest();
  await page.getByRole('button', { name: 'Graph' }).click();
  const finder = page.getByRole('combobox', { name: 'Find a node' });
  await finder.fill('zlib-ng');
  // The picture omits the link from htslib, since longer paths imply it.
  await page.getByText('bcftools → htslib → zlib-ng', { exact: true }).waitFor();
  await expect.poll(() => page.locator('.drawing .way rect').count()).toBe(3);
  await expect.poll(() => page.locator('.drawing path.way').count()).toBe(2);
  await finder.fill('nosuchnode');
  await page.getByText('No node has this name.').waitFor();
  await expect.poll(() => page.locator('.drawing .way').count()).toBe(0);
});

test('shows the DAG as a tree that opens by keyboard, level by level', async () => {
  const page = await openLargest();
  await page.getByRole('button', { name: 'Tree' }).press('Enter');
  const tree = page.locator('.tree');
  const first = tree.locator('> ul > li');
  const hash = largest.split('/').at(-2) ?? '';
  const graph = await readGraph(hash, (part) => readData(site.dist, `graph/${part}`, GraphPart));
  await expect.poll(() => first.count()).toBe((graph?.edges[0] ?? []).length / 2);
  await expect.poll(() => tree.getByText('external').count()).toBeGreaterThan(0);
  const matplotlib = first.filter({ hasText: 'py-matplotlib' });
  await matplotlib.getByRole('button', { name: /^Dependencies of py-matplotlib@/ }).press('Enter');
  await matplotlib.locator('li').filter({ hasText: 'py-numpy' }).first().waitFor();
  await page.getByRole('button', { name: 'Tree' }).click();
  await expect.poll(() => tree.count()).toBe(0);
  expect(complaints).toEqual([]);
});

test('shows the node exactly as Spack wrote it', async () => {
  const page = await openLargest();
  await page.getByText('This node, as Spack wrote it').click();
  const raw = page.getByRole('region', { name: 'The node as JSON' });
  await expect.poll(async () => raw.textContent()).toContain('"hash"');
  const node: { name: string; hash: string } = JSON.parse((await raw.textContent()) ?? '');
  expect(node).toMatchObject({ name: LARGEST, hash: largest.split('/').at(-2) });
});

test('sorts commands by tool, even without JavaScript', async () => {
  for (const javaScriptEnabled of [true, false]) {
    const context = await browser.newContext({ javaScriptEnabled });
    const page = await context.newPage();
    await page.goto(site.url + largest);
    const code = page.locator('.tabs code').filter({ visible: true });
    await expect
      .poll(() => code.allTextContents())
      .toEqual([
        expect.stringContaining('git clone'),
        expect.stringContaining(`spack install --use-buildcache only /${largest.split('/').at(-2)}`),
      ]);
    await page.getByRole('radio', { name: 'Spack' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await expect
      .poll(() => code.first().textContent())
      .toMatch(/^oras pull registry\.example\.org\/owner\/cache:bcftools-/);
    await context.close();
  }
});

test('axe finds nothing wrong while picture and raw spec are open', async () => {
  const open = async (page: Page): Promise<void> => {
    await page.getByText('This node, as Spack wrote it').click();
    await page.getByRole('button', { name: 'Graph' }).click();
    await page.locator('.frame svg').waitFor();
  };
  expect(await findAxeViolations(browser, site, [smaller], { prepare: open })).toEqual([]);
});

test('axe finds nothing wrong while the tree is open', async () => {
  const open = async (page: Page): Promise<void> => {
    await page.getByRole('button', { name: 'Tree' }).click();
    await page.locator('.tree button').first().click();
  };
  expect(await findAxeViolations(browser, site, [smaller], { prepare: open })).toEqual([]);
});

test('axe finds nothing wrong on package pages with many builds and many dependents', async () => {
  expect(await findAxeViolations(browser, site, ['/packages/hdf5/', '/packages/gmake/'])).toEqual([]);
});

test('build and package pages fit a screen of 320 pixels', async () => {
  expect(await findWidePages(browser, site, [largest, '/packages/hdf5/', '/packages/gmake/'])).toEqual([]);
});

test('a package page distinguishes its builds and lists failures', async () => {
  const page = await openPage(browser, complaints);
  await page.goto(`${site.url}/packages/hdf5/`);
  const differences = await page.locator('.differs').allTextContents();
  expect(differences).toHaveLength(5);
  expect(differences.map((text) => text.trim())).toContain('+fortran~hl+mpi~subfiling');
  await page.getByRole('link', { name: 'hdf5@1.14.5 +subfiling target=m1' }).click();
  await page.waitForURL(/\/failures\/hdf5\//);
  await page.goBack();
  await page.getByRole('link', { name: '4 builds of 1.14.6 for x86_64_v3' }).click();
  await expect.poll(() => page.locator('tr:target').count()).toBe(1);
  expect(complaints).toEqual([]);
});

async function openLargest(): Promise<Page> {
  const page = await openPage(browser, complaints);
  await page.goto(site.url + largest);
  return page;
}

/** Scroll position of the frame, and width of the picture. */
async function position(page: Page): Promise<{ left: number; width: number }> {
  return page.locator('.frame').evaluate((frame) => ({
    left: frame.scrollLeft,
    width: Number(frame.firstElementChild?.getAttribute('width')),
  }));
}
