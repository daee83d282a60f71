import { chromium, type Browser } from 'playwright';
import { inject } from 'vitest';

/** Connects to the run's single Chrome. Closing the connection closes only its own pages. */
export async function openChrome(): Promise<Browser> {
  const address = inject('chrome');
  if (address === '') {
    throw new Error('no Chrome found: set CHROME_PATH, or install it (Debian: apt-get install chromium)');
  }
  return chromium.connect(address);
}
