import { chromium, type Browser } from 'playwright';
import { inject } from 'vitest';

/** The run's one Chrome. Closing it closes only what was opened through it. */
export async function openChrome(): Promise<Browser> {
  const address = inject('chrome');
  if (address === '') {
    throw new Error('no Chrome found: set CHROME_PATH, or install it (Debian: apt-get install chromium)');
  }
  return chromium.connect(address);
}
