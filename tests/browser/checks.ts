import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright';
import { listFiles, type TestSite } from './site.ts';

const THEMES: ('light' | 'dark')[] = ['light', 'dark'];

/** Rules of axe that depend on the theme; the others would check the same markup twice. */
const RULES_OF_A_THEME = ['color-contrast', 'link-in-text-block'];

/** Further rows of a table, which are like the first ones; checked only under `npm run test:full`. */
const MORE_ROWS = 'tbody tr:nth-child(n+8)';

/** Width of the narrowest screen that pages must fit, in pixels. */
const NARROW = 320;

/** Options of a check with axe. */
export interface AxeOptions {
  /** Actions on each page before the check. */
  prepare?: (page: Page) => Promise<void>;
  /**
   * Checks the pages alternately in one theme, to save time on contrast: enough for pages made of the same
   * parts. All pages are checked in both themes under `npm run test:full`.
   */
  themesInTurn?: boolean;
}

/** Lists axe's findings on pages in both themes, one per line. */
export async function findAxeViolations(
  browser: Browser,
  site: TestSite,
  paths: string[],
  { prepare, themesInTurn = false }: AxeOptions = {},
): Promise<string[]> {
  const findings: string[] = [];
  const context = await browser.newContext();
  const page = await context.newPage();
  for (const [index, path] of paths.entries()) {
    const isOne = themesInTurn && !process.env['FULL'];
    const themes = isOne ? THEMES.slice(index % THEMES.length).slice(0, 1) : THEMES;
    await page.emulateMedia({ colorScheme: themes[0] ?? null });
    await page.goto(site.url + path);
    await prepare?.(page);
    for (const [turn, colorScheme] of themes.entries()) {
      await page.emulateMedia({ colorScheme });
      // Pages have no frames, for which axe would open a tab each time. Only violations are read.
      const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] });
      if (turn > 0) axe.withRules(RULES_OF_A_THEME);
      if (!process.env['FULL']) axe.exclude(MORE_ROWS);
      for (const { id, nodes } of (await axe.analyze()).violations) {
        findings.push(`${colorScheme} ${path}: ${id}: ${nodes.map(({ html }) => html).join(' ')}`);
      }
    }
  }
  await context.close();
  return findings;
}

/** Lists pages that are wider than a narrow screen. */
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

/** A phone, a tablet, and a sheet of A4: layouts change between them and wide screens. */
const LAYOUTS = [
  { width: 360, media: 'screen' },
  { width: 768, media: 'screen' },
  { width: 794, media: 'print' },
] as const;

/** Lists text that overlaps other text or is cut off on paper, one line per page and layout. */
export async function findOverlaps(browser: Browser, site: TestSite, paths: string[]): Promise<string[]> {
  const page = await browser.newPage();
  const findings: string[] = [];
  for (const path of paths) {
    await page.goto(site.url + path);
    for (const { width, media } of LAYOUTS) {
      await page.setViewportSize({ width, height: 1000 });
      await page.emulateMedia({ media });
      const found = await page.evaluate(readOverlap);
      if (found !== undefined) findings.push(`${path} (${media}, ${width} pixels): ${found}`);
    }
  }
  await page.close();
  return findings;
}

/**
 * Runs in the page: finds the first text that overlaps another. Ignores text hidden by boxes that scroll or
 * clip.
 */
export function readOverlap(): string | undefined {
  if (document.documentElement.scrollWidth > innerWidth) return 'wider than that';
  const seen: { text: Node; left: number; right: number; top: number; bottom: number }[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(text);
    if (!text.textContent?.trim() || text.parentElement?.closest('svg')) continue;
    if (!text.parentElement?.checkVisibility({ visibilityProperty: true })) continue;
    for (const { left, right, top, bottom } of range.getClientRects()) {
      const box = { text, left, right, top, bottom };
      for (let around: Element | null = text.parentElement; around; around = around.parentElement) {
        const { overflowX, clipPath } = getComputedStyle(around);
        if (overflowX === 'visible' && clipPath === 'none') continue;
        const edge = around.getBoundingClientRect();
        box.left = Math.max(box.left, edge.left);
        box.right = Math.min(box.right, edge.right);
        box.top = Math.max(box.top, edge.top);
        box.bottom = Math.min(box.bottom, edge.bottom);
      }
      if (box.right - box.left > 3 && box.bottom - box.top > 3) seen.push(box);
    }
  }
  seen.sort((one, other) => one.top - other.top);
  for (const [place, one] of seen.entries()) {
    // Lines may touch: a smaller overlap is not an error.
    for (const other of seen.slice(place + 1)) {
      if (other.top > one.bottom - 4) break;
      const width = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      if (one.text !== other.text && width > 3)
        return `“${one.text.textContent?.trim()}” and “${other.text.textContent?.trim()}”`;
    }
  }
  return undefined;
}

/**
 * Lists dead links and references inside a built site: to missing files or anchors; and wrong addresses of
 * its own in heads, sitemap and feeds. Files that the mirror adds later are ignored.
 */
export async function findDeadLinks(site: TestSite): Promise<string[]> {
  const files = new Set(await listFiles(site.dist));
  const texts = new Map<string, string>();
  for (const file of files) {
    if (/\.(html|xml|atom)$/.test(file)) texts.set(file, await readFile(join(site.dist, file), 'utf8'));
  }
  const home = texts.get('/index.html')?.match(/<link rel=canonical href=([^\s>]+)\/>/)?.[1] ?? site.url;
  const anchors = new Map([...texts].map(([file, text]) => [file, anchorsOf(text)]));
  const dead: string[] = [];
  for (const [file, text] of texts) {
    const address = new URL(`${home}${file.replace(/index\.html$/, '')}`);
    for (const link of linksOf(text, home)) {
      const { href, hash, pathname } = new URL(link, address);
      if (!href.startsWith(`${home}/`) && new URL(href).origin !== address.origin) continue;
      const path = href.startsWith(`${home}/`)
        ? pathname.slice(new URL(home).pathname.replace(/\/$/, '').length)
        : undefined;
      if (path?.startsWith('/v3/') || path?.startsWith('/blobs/')) continue;
      const target = path && decodeURIComponent(path.endsWith('/') ? `${path}index.html` : path);
      if (target === undefined || !files.has(target)) dead.push(`${file}: ${link}`);
      else if (hash && !anchors.get(target)?.has(decodeURIComponent(hash.slice(1))))
        dead.push(`${file}: ${link}`);
    }
  }
  return dead;
}

function anchorsOf(text: string): Set<string> {
  return new Set(valuesOf(text, 'id'));
}

/**
 * Lists the references of a page, a sitemap or a feed: links of any kind, and texts that are addresses of the
 * site.
 */
function linksOf(text: string, home: string): Set<string> {
  const texts = [...text.matchAll(/<(?:loc|id)>([^<]*)/g)].map(([, link = '']) => unescapeMarkup(link));
  const addresses = [...valuesOf(text, 'content'), ...texts].filter((link) => link.startsWith(`${home}/`));
  return new Set([...valuesOf(text, 'href|src|action'), ...addresses]);
}

/** Values of attributes with one of these names, with or without quotes. */
function valuesOf(text: string, names: string): string[] {
  const isNamed = new RegExp(`^(?:${names})$`);
  const tags = text.matchAll(/<[a-z](?:[^>"']|"[^"]*"|'[^']*')*>/gi);
  const attributes = [...tags].flatMap(([tag]) => [
    ...tag.matchAll(/ ([^\s=]+)=(?:"([^"]*)"|([^\s"'=<>]+))/g),
  ]);
  return attributes
    .filter(([, name = '']) => isNamed.test(name))
    .map(([, , quoted, plain = '']) => unescapeMarkup(quoted ?? plain));
}

function unescapeMarkup(text: string): string {
  return text
    .replaceAll('&#38;', '&')
    .replaceAll('&amp;', '&')
    .replaceAll('&quot;', '"')
    .replaceAll('&#34;', '"');
}

/**
 * Opens a page; logged and thrown errors, and violations of its Content-Security-Policy, are added to
 * `complaints`.
 */
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
