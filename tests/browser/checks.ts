import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright';
import type { TestSite } from './site.ts';
import { listFiles } from './site.ts';

export const THEMES = ['light', 'dark'] as const;

/** The narrowest screen that pages must fit, in pixels. */
const NARROW = 320;

/** What axe finds wrong on pages, in both themes: one line a finding. */
export async function findAxeViolations(
  browser: Browser,
  site: TestSite,
  paths: string[],
): Promise<string[]> {
  const findings: string[] = [];
  for (const colorScheme of THEMES) {
    const context = await browser.newContext({ colorScheme });
    const page = await context.newPage();
    for (const path of paths) {
      await page.goto(site.url + path);
      const { violations } = await new AxeBuilder({ page }).analyze();
      for (const { id, nodes } of violations) {
        findings.push(`${colorScheme} ${path}: ${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      }
    }
    await context.close();
  }
  return findings;
}

/** Pages that are wider than a narrow screen. */
export async function findWidePages(browser: Browser, site: TestSite, paths: string[]): Promise<string[]> {
  const page = await browser.newPage({ viewport: { width: NARROW, height: 640 } });
  const wide: string[] = [];
  for (const path of paths) {
    await page.goto(site.url + path);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > NARROW) wide.push(`${path}: ${width} pixels`);
  }
  await page.close();
  return wide;
}

/**
 * Links and references inside a built site that lead nowhere: to a file that is not there, or to an anchor that
 * its page lacks. What the mirror adds later is left out.
 */
export async function findDeadLinks(site: TestSite): Promise<string[]> {
  const files = new Set(await listFiles(site.dist));
  const base = new URL(site.url).pathname.replace(/\/$/, '');
  const dead: string[] = [];
  for (const file of [...files].filter((path) => path.endsWith('.html'))) {
    const html = await readFile(join(site.dist, file), 'utf8');
    const address = new URL(`${base}${file.replace(/index\.html$/, '')}`, site.url);
    for (const [, link = ''] of html.matchAll(/ (?:href|src|action)="([^"]*)"/g)) {
      const { origin, pathname, hash } = new URL(link, address);
      if (origin !== address.origin) continue;
      const path = pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : undefined;
      if (path?.startsWith('/v3/') || path?.startsWith('/blobs/')) continue;
      const target = path && decodeURIComponent(path.endsWith('/') ? `${path}index.html` : path);
      if (target === undefined || !files.has(target)) dead.push(`${file}: ${link}`);
      else if (hash && target === file && !html.includes(`id="${hash.slice(1)}"`))
        dead.push(`${file}: ${link}`);
    }
  }
  return dead;
}

/** Opens a page; what it logs as an error, throws or is refused by its Content-Security-Policy goes into `complaints`. */
export async function openPage(browser: Browser, complaints: string[] = []): Promise<Page> {
  const page = await browser.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return page;
}
