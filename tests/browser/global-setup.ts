import { chromium, type BrowserServer } from 'playwright';
import type { TestProject } from 'vitest/node';
import { findChrome } from '../tools/tools.ts';

/** Time limit for Chrome to start, in milliseconds. */
const START_MS = 300_000;

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the run's single Chrome; empty if there is no Chrome. */
    chrome: string;
  }
}

/** Starts one Chrome for all test files. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await serveChrome();
  project.provide('chrome', server?.wsEndpoint() ?? '');
  return async () => {
    await server?.close();
  };
}

/** Starts Chrome; undefined if there is no Chrome. */
async function serveChrome(): Promise<BrowserServer | undefined> {
  const executablePath = findChrome();
  if (!executablePath) return undefined;
  return chromium.launchServer({
    executablePath,
    timeout: START_MS,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
}
