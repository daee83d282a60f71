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
  /** Local address without a trailing slash. */
  url: string;
  /** Folder of the built site. */
  dist: string;
  /** Paths of all its pages without the base path: `/`, `/packages/` … */
  pages: string[];
  close(): Promise<void>;
}

export interface SiteOptions {
  catalog: string;
  /** Value of `SITE_URL` during the build of the site; its path is the base path. */
  address: string;
  /** More environment variables. */
  settings?: Record<string, string>;
}

/** Creates a folder inside the project for a test's files: outside it Astro builds would share a folder. */
export async function makeFolder(): Promise<string> {
  const parent = join(PROJECT, '.work/browser');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(`${parent}/`);
  folders.push(folder);
  return folder;
}

const folders: string[] = [];

/** Removes the folders created by `makeFolder`. */
export async function removeFolders(): Promise<void> {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
}

/** Serves a catalog's site on a free port. Its folder must not be changed: other tests may use it. */
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

/** Runs `astro build` and returns its output. */
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

/** Lists all files of a built site as paths with a leading slash. */
export async function listFiles(dist: string): Promise<string[]> {
  return (await listFilesOf(dist)).map((path) => `/${path}`);
}

async function listPages(dist: string): Promise<string[]> {
  const files = await listFiles(dist);
  return (
    files
      // JSON that is served as HTML is not a page.
      .filter((path) => path.endsWith('/index.html') && !path.startsWith('/manifest/'))
      .map((path) => path.slice(0, -'index.html'.length))
  );
}
