import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { chromium } from 'playwright';
import type { BrowserServer } from 'playwright';
import type { TestProject } from 'vitest/node';
import { findChrome } from '../tools/tools.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the run's one Chrome answers; empty: there is no Chrome. */
    chrome: string;
    /** Folder of this run alone, for sites that several files of tests share. */
    shared: string;
  }
}

/** Starts one Chrome for all files of tests, and makes a folder for the sites that they share. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const parent = resolve('.work/browser');
  await mkdir(parent, { recursive: true });
  const shared = await mkdtemp(`${parent}/shared-`);
  const server = await serveChrome();
  project.provide('chrome', server?.wsEndpoint() ?? '');
  project.provide('shared', shared);
  return async () => {
    await server?.close();
    await rm(shared, { recursive: true, force: true });
  };
}

/** The Chrome that `CHROME_PATH` names, or one that is on PATH; undefined: there is none. */
async function serveChrome(): Promise<BrowserServer | undefined> {
  const executablePath = findChrome();
  if (!executablePath) return undefined;
  return chromium.launchServer({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
}
