import { chromium } from 'playwright';
import type { Browser } from 'playwright';
import { findChrome } from '../tools/tools.ts';

/** Starts the Chrome that `CHROME_PATH` names, or one that is on PATH. */
export async function launchChrome(): Promise<Browser> {
  const executablePath = findChrome();
  if (!executablePath) {
    throw new Error('no Chrome found: set CHROME_PATH, or install it (Debian: apt-get install chromium)');
  }
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
}
