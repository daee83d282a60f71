import { readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runNode } from './child.ts';
import { fingerprint, readStamp, writeStamp } from './fingerprint.ts';
import { portFile, type SiteAddress } from './port.ts';
import type { WorkFolder } from './work-folder.ts';
import { ignoreMissing } from '../cli/files.ts';

/** What the site is made from, besides the catalog: its sources and the mirror's, the pages' own tools. */
const SOURCES = ['site', 'public', 'scripts', 'astro.config.mjs', 'package-lock.json'];
/** Milliseconds between two reports of a long build. */
const REPORT_INTERVAL_MS = 5_000;

/**
 * Builds site, API and mirror into the address's folder. Everything is made in a fresh folder that takes the
 * old one's place at the end, so that what is served is whole at any moment.
 */
export async function buildSite(folder: WorkFolder, address: SiteAddress, budget: number): Promise<void> {
  const stampFile = `${address.dist}.stamp`;
  const stampOf = (): Promise<string> =>
    fingerprint([...SOURCES, folder.catalog], [address.url, String(budget)]);
  const built = await stat(join(address.dist, 'index.html')).catch(() => undefined);
  if (built && (await readStamp(stampFile)) === (await stampOf())) {
    console.error('The site is up to date.');
    return;
  }
  const fresh = `${address.dist}.new`;
  await rm(fresh, { recursive: true, force: true });
  const env = {
    SITE_URL: address.url,
    CATALOG_DIR: folder.catalog,
    REGISTRY: `oci-layout:${folder.registry}`,
    PAGES_BUDGET: String(budget),
    ASTRO_TELEMETRY_DISABLED: '1',
  };
  await runNode('recording settings', ['scripts/record-settings.ts'], { env });
  const stamp = await stampOf();
  await renderPages(fresh, env);
  console.error('Adding the mirror …');
  await runNode('the mirror', ['scripts/mirror.ts', '--dist', fresh], { env });
  const key = { SIGNING_KEY: await readKey(folder), SIGNING_KEY_PASSPHRASE: '' };
  await runNode('signing the index', ['scripts/sign-index.ts', '--dist', fresh], { env: key });
  await rm(stampFile, { force: true });
  await replaceFolder(address.dist, fresh);
  writeStamp(stampFile, stamp);
  writeStamp(portFile(folder), `${address.port}\n`);
}

/** The key that builds were signed with; empty where there is none yet. */
function readKey({ key }: WorkFolder): Promise<string> {
  return readFile(key, 'utf8').catch(() => '');
}

async function renderPages(outDir: string, env: Record<string, string>): Promise<void> {
  const started = Date.now();
  let pages = 0;
  console.error('Building the site …');
  const report = (): void => {
    console.error(`  ${pages} pages and files after ${Math.round((Date.now() - started) / 1000)} s`);
  };
  const ticker = setInterval(report, REPORT_INTERVAL_MS);
  await runNode('building the site', ['node_modules/astro/bin/astro.mjs', 'build', '--outDir', outDir], {
    env,
    // Astro names each rendered route on a line of its own, drawn as a tree.
    onLine: (line) => void (pages += /[├└]─/.test(line) ? 1 : 0),
  }).finally(() => clearInterval(ticker));
  report();
}

async function replaceFolder(path: string, fresh: string): Promise<void> {
  const old = `${path}.old`;
  await rm(old, { recursive: true, force: true });
  await rename(path, old).catch(ignoreMissing);
  await rename(fresh, path);
  await rm(old, { recursive: true, force: true });
}
