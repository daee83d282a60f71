import { chromium, type BrowserServer } from 'playwright';
import type { TestProject } from 'vitest/node';
import { findChrome } from '../tools/tools.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the run's one Chrome answers; empty: there is no Chrome. */
    chrome: string;
  }
}

/** Starts one Chrome for all files of tests. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await serveChrome();
  project.provide('chrome', server?.wsEndpoint() ?? '');
  return async () => {
    await server?.close();
  };
}

/** Undefined: there is no Chrome. */
async function serveChrome(): Promise<BrowserServer | undefined> {
  const executablePath = findChrome();
  if (!executablePath) return undefined;
  return chromium.launchServer({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
}
