import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { servePages } from '../../scripts/start/pages-server.ts';
import { generateCache } from '../generate/cache.ts';
import { generateCatalog } from '../generate/catalog.ts';
import type { History } from '../generate/history.ts';
import { BASE, buildDist, makeFolder, type MadeCache } from './made-cache.ts';
import { runScript } from '../world/run.ts';

/** Folders that publish does not write, taken from a generated catalog of the same builds. */
const LENT = ['containers', 'environments', 'failures', 'packages', 'removed', 'stats'];

/** A complete signed cache, served at the address that it was built for, so that all its links work. */
export interface ApiSite extends MadeCache {
  /** Address without a trailing slash. */
  url: string;
  /** Fingerprint of the key. */
  fingerprint: string;
  /** Additional variables of the scripts at each deployment. */
  env: Record<string, string>;
}

export interface ApiSiteOptions {
  /** Folder of a generated catalog of the same builds. */
  lend?: string;
  /** The registry (default: an OCI layout). */
  registry?: string;
  /** Variables of every script, such as a registry's certificate or a budget. */
  env?: Record<string, string>;
  /** Starts a proxy in front of the server at `host:port`, whose address consumers and pages use. */
  front?: (host: string) => Promise<{ host: string; stop(): Promise<void> }>;
}

/** Publishes and signs a build cache, and serves its site. */
export async function openApiSite(
  cache: string,
  { lend, registry, env = {}, front }: ApiSiteOptions = {},
): Promise<ApiSite> {
  const folder = await makeFolder();
  const dist = join(folder, 'dist');
  await mkdir(dist);
  const server = await servePages({ root: dist, base: BASE, port: 0 });
  const proxy = await front?.(new URL(server.url).host);
  const url = proxy ? `http://${proxy.host}${BASE}` : server.url;
  const made = {
    folder,
    registry: registry ?? `oci-layout:${join(folder, 'registry')}`,
    catalog: join(folder, 'catalog'),
    dist,
    env,
  };
  const catalog = ['--catalog', made.catalog];
  const keyFile = join(folder, 'key.asc');
  const { output } = await runScript('key', [...catalog, '--out', keyFile]);
  const key = { SIGNING_KEY: await readFile(keyFile, 'utf8') };
  await runScript('publish', [cache, '--registry', made.registry, ...catalog], { ...env, ...key });
  for (const name of lend === undefined ? [] : LENT) {
    await cp(join(lend ?? '', name), join(made.catalog, name), { recursive: true });
  }
  await redeploy(made, url, key);
  return {
    ...made,
    url,
    fingerprint: /[0-9A-F]{40}/.exec(output)?.[0] ?? '',
    close: async () => {
      await proxy?.stop();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Rebuilds the site from its catalog, as each deployment does. */
export async function redeploy(
  made: Omit<ApiSite, 'close' | 'url' | 'fingerprint'>,
  url: string,
  key: Record<string, string>,
): Promise<void> {
  const env = { ...made.env, SITE_URL: url, CATALOG_DIR: made.catalog, REGISTRY: made.registry };
  await runScript('record-settings', [], env);
  await buildDist(made, { ...made.env, SITE_URL: url });
  await runScript('sign-index', ['--dist', made.dist], key);
}

/** Like `openApiSite`, with invented builds, environments, failures and everything else in a catalog. */
export async function openGeneratedSite(builds: number): Promise<{ site: ApiSite; history: History }> {
  const work = await makeFolder();
  const cache = join(work, 'cache');
  const history = await generateCache({ builds, seed: 1, directory: cache });
  await generateCatalog({ builds, seed: 1, directory: join(work, 'catalog') });
  const site = await openApiSite(cache, { lend: join(work, 'catalog') });
  await rm(work, { recursive: true });
  return { site, history };
}
