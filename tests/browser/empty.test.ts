import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findAxeViolations, findDeadLinks, findWidePages, openPage } from './checks.ts';
import { openChrome } from './chrome.ts';
import { findInvalidMarkup } from './markup.ts';
import { buildSite, makeFolder, removeFolders, serveSite, type TestSite } from './site.ts';

const address = 'https://owner.example/deep/cache';
let site: TestSite;
let browser: Browser;

let output: string;

beforeAll(async () => {
  const dist = await makeFolder();
  output = await buildSite({ catalog: join(dist, 'nothing-here'), address }, dist);
  site = await serveSite(dist, address);
  browser = await openChrome();
});

afterAll(async () => {
  await browser.close();
  await site.close();
  await removeFolders();
});

test('an empty catalog makes a site that says how to make the first build', async () => {
  const complaints: string[] = [];
  const page = await openPage(browser, complaints);
  expect(
    site.pages.filter((path) => /^\/(builds|packages|failures|environments|tags)\/./.test(path)),
  ).toEqual([]);
  await page.goto(site.url);
  await expect.poll(() => page.getByRole('heading', { name: 'Make the first build' }).count()).toBe(1);
  await page.getByRole('link', { name: 'Packages' }).click();
  await page.getByRole('heading', { name: 'No packages yet' }).waitFor();
  expect(complaints).toEqual([]);
});

test('its pages are valid, accessible, narrow and without dead links', async () => {
  expect(await findInvalidMarkup(site, site.pages)).toEqual([]);
  // Pages that say that something is missing, and pages of the guide with pictures, tables and commands.
  const looked = site.pages.filter((path) =>
    /^\/(|(packages|builds|new|failures|health|environments|tags|keys|storage|statistics|guide\/(three-clicks|settings))\/)$/.test(
      path,
    ),
  );
  expect(looked.length).toBeGreaterThan(8);
  const paths = process.env['FULL'] ? site.pages : looked;
  expect(await findAxeViolations(browser, site, paths, { themesInTurn: true })).toEqual([]);
  expect(await findWidePages(browser, site, paths)).toEqual([]);
  expect(await findDeadLinks(site)).toEqual([]);
});

test('missing folders cause no warning', () => {
  expect(output).not.toContain('WARN');
});

const BROKEN: [text: string, sentence: string][] = [
  ['{"name":"a"}', 'builds/a/a.json: version: '],
  ['{"name":', 'builds/a/a.json: expected JSON'],
];

// Each needs a build of the site.
test.each(process.env['FULL'] ? BROKEN : BROKEN.slice(0, 1))(
  'a broken file %j fails the build with a sentence that names it',
  async (text, sentence) => {
    const catalog = await makeFolder();
    await mkdir(join(catalog, 'builds/a'), { recursive: true });
    await writeFile(join(catalog, 'builds/a/a.json'), text);
    await expect(buildSite({ catalog, address }, join(catalog, 'dist'))).rejects.toThrow(sentence);
  },
);
