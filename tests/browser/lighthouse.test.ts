import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateCatalog } from '../generate/catalog.ts';
import { CATEGORIES, findLowScores } from './lighthouse.ts';
import { ADDRESS, openSampleSite } from './sample-site.ts';
import { makeFolder, openSite, removeFolders, type TestSite } from './site.ts';

/** The full test uses a cache after years of builds; measuring its speed needs an idle machine. */
const full = process.env['FULL'] !== undefined;
const BUILDS = 10_000;
const MINUTE = 60_000;

let site: TestSite;

beforeAll(async () => {
  if (!full) {
    site = await openSampleSite();
    return;
  }
  const catalog = await makeFolder();
  await generateCatalog({ builds: BUILDS, seed: 1, directory: catalog });
  site = await openSite({ catalog, address: ADDRESS });
}, 15 * MINUTE);

afterAll(async () => {
  await site.close();
  await removeFolders();
});

test(`Lighthouse rates home, search, a package and a build with 100`, { timeout: 30 * MINUTE }, async () => {
  const find = (start: string): string => site.pages.findLast((path) => path.startsWith(start)) ?? '';
  const paths = ['/', '/search/', find('/packages/z'), find('/builds/z')];
  const categories = full ? CATEGORIES : CATEGORIES.filter((category) => category !== 'performance');
  expect(await findLowScores(site, paths, categories)).toEqual([]);
});
