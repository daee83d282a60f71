import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import lighthouse from 'lighthouse';
import { chromium } from 'playwright';
import { ignoreMissing } from '../../scripts/cli/files.ts';
import { findChrome } from '../tools/tools.ts';
import type { TestSite } from './site.ts';

/** Lighthouse categories to measure. */
export const CATEGORIES = ['performance', 'accessibility', 'best-practices', 'seo'] as const;

/** Time limit for Chrome to start, and time between two looks at its file, in milliseconds. */
const [START_MS, POLL_MS] = [300_000, 50];

/** Maximum number of runs per page: other work on the machine only lowers the score. */
const MOST_RUNS = 4;

/**
 * Lists ratings below 100, one line per page and category: the best of some runs, with the audits that cost
 * points. The machine's speed affects only the first category.
 */
export async function findLowScores(
  site: TestSite,
  paths: string[],
  categories: readonly (typeof CATEGORIES)[number][],
): Promise<string[]> {
  const profile = await mkdtemp(join(tmpdir(), 'lighthouse-'));
  const executablePath = findChrome();
  const context = await chromium.launchPersistentContext(profile, {
    ...(executablePath === undefined ? {} : { executablePath }),
    timeout: START_MS,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--remote-debugging-port=0'],
  });
  try {
    const port = await readPort(profile);
    const findings: string[] = [];
    for (const path of paths) findings.push(...(await rate(site.url + path, port, categories)));
    return findings;
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}

async function rate(
  url: string,
  port: number,
  categories: readonly (typeof CATEGORIES)[number][],
): Promise<string[]> {
  let missing = new Map<string, string>(
    categories.map((category) => [category, `${url} ${category}: not rated`]),
  );
  for (let run = 0; run < MOST_RUNS && missing.size > 0; run += 1) {
    const result = await lighthouse(url, { port, logLevel: 'silent', onlyCategories: [...missing.keys()] });
    if (!result) throw new Error(`${url}: expected a report of Lighthouse, found none`);
    missing = lowScores(url, result.lhr);
  }
  return [...missing.values()];
}

type Report = NonNullable<Awaited<ReturnType<typeof lighthouse>>>['lhr'];

function lowScores(url: string, { categories, audits }: Report): Map<string, string> {
  const low = Object.values(categories).filter(({ score }) => score !== 1);
  return new Map(
    low.map(({ id, score, auditRefs }) => {
      const reasons = auditRefs
        .filter((reference) => reference.weight > 0 && (audits[reference.id]?.score ?? 1) < 1)
        .map((reference) => `${reference.id} ${audits[reference.id]?.displayValue ?? ''}`);
      return [id, `${url} ${id}: ${score} (${reasons.join(', ')})`];
    }),
  );
}

/** Reads the port from a file that Chrome writes, sometimes after Playwright is connected to it. */
async function readPort(profile: string): Promise<number> {
  for (;;) {
    const text = await readFile(join(profile, 'DevToolsActivePort'), 'utf8').catch(ignoreMissing);
    const [, port] = /^(\d+)\n/.exec(text ?? '') ?? [];
    if (port !== undefined) return Number(port);
    await sleep(POLL_MS);
  }
}
