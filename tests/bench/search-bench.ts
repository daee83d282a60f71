import { join } from 'node:path';
import { chromium, type Page } from 'playwright';
import { servePages } from '../../scripts/start/pages-server.ts';
import { parseSettings } from '../../site/schemas/settings.ts';
import { inventSearchData } from '../browser/search-data.ts';
import { findChrome } from '../tools/tools.ts';
import type { Figures } from './bench.ts';
import { buildSite } from './site-bench.ts';
import { round } from './stopwatch.ts';

const QUERIES = ['hdf5@1.14 +mpi %gcc', 'libhdf5.so', 'hfd5', 'python numpy'];
/** Number of builds of the site around the search; the searched data is invented. */
const SITE_BUILDS = 60;

/**
 * Measures the processor time of a key stroke in a search over many builds, in milliseconds; a frame has 16.
 */
export async function benchSearch(folder: string, builds: number): Promise<Figures> {
  await buildSite(folder, SITE_BUILDS);
  const base = new URL(parseSettings({}).SITE_URL).pathname;
  const server = await servePages({ root: join(folder, `dist-${SITE_BUILDS}`), base, port: 0 });
  const executablePath = findChrome();
  const browser = await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  try {
    const page = await browser.newPage();
    const data = inventSearchData(builds);
    await page.route('**/data/**', (route) => {
      const path = new URL(route.request().url()).pathname.split('/data/')[1] ?? '';
      return route.fulfill({ contentType: 'application/json', body: data.get(path) ?? '[]' });
    });
    await page.goto(`${server.url}/search/`);
    await page.getByRole('button', { name: 'Show all' }).click();
    await page
      .getByRole('status')
      .filter({ hasText: / in \d/ })
      .waitFor();
    const costs = (await measureKeys(page, QUERIES)).sort((left, right) => left - right);
    const at = (share: number): number => round(costs[Math.floor((costs.length - 1) * share)] ?? 0);
    return { builds, keys: costs.length, medianMs: at(0.5), percentile95Ms: at(0.95), worstMs: at(1) };
  } finally {
    await browser.close();
    await server.close();
  }
}

/**
 * Measures the processor time of each key stroke up to the layout of the results, without other work of the
 * machine.
 */
async function measureKeys(page: Page, queries: string[]): Promise<number[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const readCost = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics
      .filter(({ name }) => ['ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration'].includes(name))
      .reduce((sum, { value }) => sum + value * 1000, 0);
  };
  await page.getByRole('searchbox').focus();
  const costs: number[] = [];
  for (const query of queries) {
    for (const key of query) {
      const before = await readCost();
      await page.keyboard.press(key === ' ' ? 'Space' : key);
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
      costs.push((await readCost()) - before);
    }
    await page.getByRole('searchbox').fill('');
  }
  return costs;
}
