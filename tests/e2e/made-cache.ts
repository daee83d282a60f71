import { cpSync } from 'node:fs';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtOnce } from '../world/built-once.ts';
import { PROJECT, runProgram, runScript, type Outcome } from '../world/run.ts';

export const FIXTURES = join(PROJECT, 'tests/fixtures');

/** A completely processed build cache: published, signed or not, rendered, mirrored. */
export interface MadeCache {
  folder: string;
  registry: string;
  catalog: string;
  dist: string;
  close(): Promise<void>;
}

export interface MakeOptions {
  cache: string;
  signed: boolean;
  /** With false only the mirror is made, without the site's pages, which take longest. */
  pages?: boolean;
  /** The registry (default: an OCI layout in the folder). */
  registry?: string;
  env?: Record<string, string>;
}

/** Base path under which the tests serve what they made. */
export const BASE = '/group/cache';

/** Creates a folder inside the project, where Astro can write its build. */
export async function makeFolder(): Promise<string> {
  await mkdir(join(PROJECT, '.work/e2e'), { recursive: true });
  return mkdtemp(join(PROJECT, '.work/e2e/'));
}

/**
 * Runs the scripts like a workflow, each in a separate process. Results that are only in a folder are made
 * once for all test files, and copied.
 */
export async function makeCache({ registry, ...options }: MakeOptions): Promise<MadeCache> {
  const folder = await makeFolder();
  if (registry === undefined) {
    const { cache, ...texts } = options;
    const make = async (fresh: string): Promise<void> => {
      await makeCacheIn(fresh, options);
    };
    cpSync(await builtOnce({ folder: cache, texts }, make), folder, { recursive: true });
  } else {
    await makeCacheIn(folder, { registry, ...options });
  }
  return {
    folder,
    registry: registry ?? `oci-layout:${join(folder, 'registry')}`,
    catalog: join(folder, 'catalog'),
    dist: join(folder, 'dist'),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function makeCacheIn(
  folder: string,
  { cache, signed, pages = true, registry = `oci-layout:${join(folder, 'registry')}`, env = {} }: MakeOptions,
): Promise<void> {
  const made = { folder, registry, catalog: join(folder, 'catalog'), dist: join(folder, 'dist') };
  const keyFile = join(folder, 'key.asc');
  const catalog = ['--catalog', made.catalog];
  await mkdir(made.dist, { recursive: true });
  if (signed) await runScript('key', [...catalog, '--out', keyFile]);
  const key = signed ? { SIGNING_KEY: await readFile(keyFile, 'utf8') } : {};
  await runScript('publish', [cache, '--registry', registry, ...catalog], { ...env, ...key });
  if (pages) await buildDist(made, env);
  else {
    await writeFile(join(made.dist, 'index.html'), '<!doctype html>');
    await addMirror(made, env);
  }
}

/** Renders the site and adds the mirror. */
export async function buildDist(
  made: Omit<MadeCache, 'close'>,
  env: Record<string, string> = {},
): Promise<void> {
  const astro = join(PROJECT, 'node_modules/astro/bin/astro.mjs');
  const settings = { ...settingsOf(made, env), ASTRO_TELEMETRY_DISABLED: '1' };
  expectSuccess('astro build', await runHere([astro, 'build', '--outDir', made.dist], settings));
  await addMirror(made, env);
}

async function addMirror(made: Omit<MadeCache, 'close'>, env: Record<string, string>): Promise<void> {
  const args = ['--dist', made.dist, '--blobs', join(made.folder, 'blobs')];
  await runScript('mirror', args, settingsOf(made, env));
}

function settingsOf(
  { registry, catalog }: Omit<MadeCache, 'close'>,
  env: Record<string, string>,
): Record<string, string> {
  return { SITE_URL: `http://localhost:9${BASE}`, ...env, REGISTRY: registry, CATALOG_DIR: catalog };
}

function runHere(args: string[], env: Record<string, string>): Promise<Outcome> {
  return runProgram(join(PROJECT, 'node_modules/.bin/node'), args, { ...process.env, ...env }, PROJECT);
}

function expectSuccess(what: string, { code, output }: Outcome): void {
  if (code !== 0) throw new Error(`${what} ended with exit code ${code}:\n${output}`);
}
