import { chromium, type Browser } from 'playwright';
import { inject } from 'vitest';

/** Longest wait for anything on a page, in milliseconds: a busy machine must not fail a page. */
const MOST_MS = 300_000;

/** Connects to the run's single Chrome. Closing the connection closes only its own pages. */
export async function openChrome(): Promise<Browser> {
  const address = inject('chrome');
  if (address === '') {
    throw new Error('no Chrome found: set CHROME_PATH, or install it (Debian: apt-get install chromium)');
  }
  const browser = await chromium.connect(address);
  browser.on('context', (context) => context.setDefaultTimeout(MOST_MS));
  return browser;
}
