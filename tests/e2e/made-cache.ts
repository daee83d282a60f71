import { mkdtemp, mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runProgram } from '../world/spack.ts';
import type { Outcome } from '../world/spack.ts';

export const PROJECT = resolve(import.meta.dirname, '../..');
export const FIXTURES = join(PROJECT, 'tests/fixtures');

/** A build cache that went the whole way: published, signed or not, rendered, mirrored. */
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
  /** An OCI layout in the folder unless told. */
  registry?: string;
  env?: Record<string, string>;
}

/** Base path under which the tests serve what they made. */
export const BASE = '/group/cache';

/** A folder inside the project, where Astro can build into. */
export async function makeFolder(): Promise<string> {
  await mkdir(join(PROJECT, '.work/e2e'), { recursive: true });
  return mkdtemp(join(PROJECT, '.work/e2e/'));
}

/** Runs the verbs as a workflow does: each in a process of its own, told by options and environment. */
export async function makeCache({ cache, signed, registry, env = {} }: MakeOptions): Promise<MadeCache> {
  const folder = await makeFolder();
  const made = {
    folder,
    registry: registry ?? `oci-layout:${join(folder, 'registry')}`,
    catalog: join(folder, 'catalog'),
    dist: join(folder, 'dist'),
    close: () => rm(folder, { recursive: true, force: true }),
  };
  const keyFile = join(folder, 'key.asc');
  const catalog = ['--catalog', made.catalog];
  const where = ['--registry', made.registry, ...catalog];
  if (signed) await runVerb('key', [...catalog, '--out', keyFile]);
  const key = signed ? { SIGNING_KEY: await readFile(keyFile, 'utf8') } : {};
  await runVerb('publish', [cache, ...where], { ...env, ...key });
  await buildDist(made, env);
  return made;
}

/** Renders the site and adds the mirror. */
export async function buildDist(
  made: Omit<MadeCache, 'close'>,
  env: Record<string, string> = {},
): Promise<void> {
  const settings = {
    SITE_URL: `http://localhost:9${BASE}`,
    ...env,
    REGISTRY: made.registry,
    CATALOG_DIR: made.catalog,
    ASTRO_TELEMETRY_DISABLED: '1',
  };
  const astro = join(PROJECT, 'node_modules/astro/bin/astro.mjs');
  expectSuccess('astro build', await runHere([astro, 'build', '--outDir', made.dist], settings));
  await runVerb('mirror', ['--dist', made.dist, '--blobs', join(made.folder, 'blobs')], settings);
}

/** Runs `node scripts/<verb>.ts`; throws with what it said when it fails. */
export async function runVerb(
  verb: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const outcome = await tryVerb(verb, args, env);
  expectSuccess(verb, outcome);
  return outcome;
}

export function tryVerb(verb: string, args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  return runHere([join(PROJECT, `scripts/${verb}.ts`), ...args], env);
}

function runHere(args: string[], env: Record<string, string>): Promise<Outcome> {
  return runProgram(join(PROJECT, 'node_modules/.bin/node'), args, { ...process.env, ...env }, PROJECT);
}

function expectSuccess(what: string, { code, output }: Outcome): void {
  if (code !== 0) throw new Error(`${what} ended with exit code ${code}:\n${output}`);
}
