import { existsSync, realpathSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, join, resolve } from 'node:path';
import send from 'send';
import { expect } from 'vitest';
import { BuildRecord } from '../../site/schemas/build-record.ts';
import { Matrix } from '../../site/schemas/build-request.ts';
import { basicVariables, runProgram, type Outcome } from '../world/run.ts';
import { keepWarm, WARM_FOLDER, type Spack } from '../world/spack.ts';
import { startServer } from '../world/start-server.ts';

/** Recipes that build instantly. */
const RECIPES = resolve(import.meta.dirname, '../fixtures/recipes');

/**
 * A folder to run the scripts of a workflow one after the other, with a real Spack and a site on localhost.
 */
export interface Workbench {
  folder: string;
  /** Address of the site, whose files are in `dist`. */
  siteUrl: string;
  /** Runs Spack itself with the setup of concretize. */
  spack(args: string[]): Promise<Outcome>;
  run(script: string, args: string[], more?: Record<string, string>): Promise<Outcome>;
  /** Runs choose and concretize; `name` is the folder of the plans. */
  solve(chosen: string[], name: string): Promise<{ matrix: Matrix; outcome: Outcome }>;
  build(plan: string, out: string, ...args: string[]): Promise<{ record: BuildRecord; output: string }>;
  readJson<T>(path: string, schema: { parse(data: unknown): T }): Promise<T>;
  close(): Promise<void>;
}

/** @param more environment variables of every script */
export async function openWorkbench(spack: Spack, more: Record<string, string> = {}): Promise<Workbench> {
  // The path is short: binaries cannot be relocated to a longer one.
  const folder = await mkdtemp('/tmp/');
  // Other recipes have other indexes.
  const recipes = more['SPACK_PACKAGES_ROOT'];
  const warm = join(WARM_FOLDER, recipes ? `${spack.version}-${basename(recipes)}` : spack.version);
  await mkdir(join(folder, 'home/cache'), { recursive: true });
  await mkdir(join(folder, 'catalog'));
  if (existsSync(warm)) {
    await cp(warm, join(folder, 'home/cache/cache'), { recursive: true, preserveTimestamps: true });
  }
  const server = createServer((request, response) => {
    void send(request, request.url ?? '/', { root: join(folder, 'dist') }).pipe(response);
  });
  const siteUrl = await startServer(server);
  const variables: Record<string, string> = {
    ...basicVariables(),
    SPACK_INSTALLED: 'true',
    // Resolves links such as `spack-1.1.0`.
    SPACK_ROOT: resolve(realpathSync(spack.program), '../..'),
    OWN_PACKAGES: RECIPES,
    INSTALL_ROOT: join(folder, 'root'),
    CATALOG_DIR: join(folder, 'catalog'),
    REGISTRY: `oci-layout:${join(folder, 'registry')}`,
    SITE_URL: siteUrl,
    ...more,
  };

  function run(script: string, args: string[], extra: Record<string, string> = {}): Promise<Outcome> {
    const env = { ...variables, ...extra };
    return runProgram(process.execPath, [resolve(`scripts/${script}.ts`), ...args], env, folder);
  }

  function runSpack(args: string[]): Promise<Outcome> {
    const config = join(folder, 'home/solve-x86_64_v3/config');
    const env = {
      ...variables,
      SPACK_USER_CONFIG_PATH: config,
      SPACK_USER_CACHE_PATH: join(folder, 'home/cache'),
    };
    return runProgram(spack.program, args, env, folder);
  }

  async function solve(choice: string[], name: string): Promise<{ matrix: Matrix; outcome: Outcome }> {
    const chosen = await run('choose', choice);
    expect(chosen.code, chosen.output).toBe(0);
    const outcome = await run('concretize', ['--out', name, '--home', 'home'], { REQUESTS: chosen.stdout });
    expect(outcome.code, outcome.output).toBe(0);
    return { matrix: await readJson(join(name, 'matrix.json'), Matrix), outcome };
  }

  async function build(
    plan: string,
    out: string,
    ...args: string[]
  ): Promise<{ record: BuildRecord; output: string }> {
    const { code, output } = await run('build', ['--plan', plan, '--out', out, '--home', 'home', ...args]);
    expect(code, output).toBe(0);
    return { record: await readJson(join(out, 'record.json'), BuildRecord), output };
  }

  async function readJson<T>(path: string, schema: { parse(data: unknown): T }): Promise<T> {
    return schema.parse(JSON.parse(await readFile(join(folder, path), 'utf8')));
  }

  async function close(): Promise<void> {
    server.close();
    await keepWarm(join(folder, 'home/cache/cache'), warm);
    for (const home of ['build', 'solve-x86_64_v3', 'solve-aarch64']) {
      const gpg = ['--homedir', join(folder, 'home', home, 'gpg'), '--kill', 'all'];
      await runProgram('gpgconf', gpg, variables).catch(() => undefined);
    }
    await rm(folder, { recursive: true, force: true });
  }

  return { folder, siteUrl, spack: runSpack, run, solve, build, readJson, close };
}
