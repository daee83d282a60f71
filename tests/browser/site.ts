import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { servePages } from '../../scripts/start/pages-server.ts';
import { builtOnce } from '../world/built-once.ts';
import { listFiles as listFilesOf } from '../world/files.ts';

const PROJECT = resolve(import.meta.dirname, '../..');

/** A built site, served as GitHub Pages would. */
export interface TestSite {
  /** Address on this machine, no slash at the end. */
  url: string;
  /** Folder of the built site. */
  dist: string;
  /** Paths of all its pages, without the base path: `/`, `/packages/` … */
  pages: string[];
  close(): Promise<void>;
}

export interface SiteOptions {
  catalog: string;
  /** What `SITE_URL` is while the site is built; its path is the base path. */
  address: string;
  /** Further environment variables. */
  settings?: Record<string, string>;
}

/** A new folder for a test's files, inside the project: Astro builds into others share a folder. */
export async function makeFolder(): Promise<string> {
  const parent = join(PROJECT, '.work/browser');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(`${parent}/`);
  folders.push(folder);
  return folder;
}

const folders: string[] = [];

/** Removes what `makeFolder` made. */
export async function removeFolders(): Promise<void> {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
}

/** Serves a catalog's site on a free port. Nobody writes into its folder: others may use the same. */
export async function openSite(options: SiteOptions): Promise<TestSite> {
  const { catalog, ...texts } = options;
  const dist = await builtOnce(
    { folder: catalog, texts },
    async (folder) => void (await buildSite(options, folder)),
  );
  return serveSite(dist, options.address);
}

/** Serves a built site on a free port, below the base path of its address. */
export async function serveSite(dist: string, address: string): Promise<TestSite> {
  const server = await servePages({ root: dist, base: new URL(address).pathname, port: 0 });
  return {
    url: server.url,
    dist,
    pages: await listPages(dist),
    close: server.close,
  };
}

/** Runs `astro build`; resolves to what it prints. */
export async function buildSite({ catalog, address, settings }: SiteOptions, dist: string): Promise<string> {
  const astro = join(PROJECT, 'node_modules/astro/bin/astro.mjs');
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [astro, 'build', '--outDir', relative(PROJECT, dist)],
    {
      cwd: PROJECT,
      env: { ...process.env, NODE_ENV: 'production', ...settings, CATALOG_DIR: catalog, SITE_URL: address },
      maxBuffer: 64e6,
    },
  );
  return stdout + stderr;
}

/** All files of a built site, as the paths of its addresses: with a slash at the beginning. */
export async function listFiles(dist: string): Promise<string[]> {
  return (await listFilesOf(dist)).map((path) => `/${path}`);
}

async function listPages(dist: string): Promise<string[]> {
  const files = await listFiles(dist);
  return (
    files
      // JSON that is served as HTML is no page.
      .filter((path) => path.endsWith('/index.html') && !path.startsWith('/manifest/'))
      .map((path) => path.slice(0, -'index.html'.length))
  );
}
