import { cpSync, mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { documentText } from '../../site/lib/api/texts.ts';
import { describeFailures, describeSpecs } from '../../site/lib/api/lists.ts';
import { inventSiteCatalog } from '../browser/search-data.ts';
import { generateCatalog } from '../generate/catalog.ts';
import { makeRecipes } from '../world/git.ts';
import type { Figures } from './bench.ts';
import { measureProgram, median, round } from './stopwatch.ts';

const SCRIPTS = join(import.meta.dirname, '../../scripts');
const READER = join(import.meta.dirname, 'read-catalog.ts');
const TIMES = 3;
/** After the newest invented build. */
const ENVIRONMENT = { SOURCE_DATE_EPOCH: '1798000000' };

/** Compares the plan of a prune, which changes nothing, with reading the catalog once. */
export function benchPrune(folder: string, builds: number): Promise<Figures> {
  return timesReading(folder, builds, (catalog) => [join(SCRIPTS, 'prune.ts'), '--catalog', catalog]);
}

/** Compares judging all builds by newer recipes, without running Spack, with reading the catalog once. */
export function benchRefresh(folder: string, builds: number): Promise<Figures> {
  return timesReading(folder, builds, (catalog) => [join(import.meta.dirname, 'plan-refresh.ts'), catalog]);
}

/** Compares the choice of a scheduled run with reading the catalog once. All packages are in the list. */
export async function benchChoose(folder: string, builds: number): Promise<Figures> {
  const names = new Set([...inventSiteCatalog(builds).packages.keys()]);
  const folders = [...names].map((name) => name.replaceAll('-', '_'));
  const recipes = makeRecipes(join(folder, 'recipes'), folders, 'v2026.06.0');
  const versions = ['--spack', 'v1.1.0', '--packages', 'v2026.06.0'];
  const args = [join(SCRIPTS, 'choose.ts'), 'scheduled', '--seed', '1', ...versions];
  return timesReading(folder, builds, () => args, { SPACK_PACKAGES_GIT_URL: recipes });
}

/** Compares the coverage of an environment, read from a site's API, with reading the catalog once. */
export async function benchCoverage(folder: string, builds: number): Promise<Figures> {
  const catalog = inventSiteCatalog(builds);
  const documents: Record<string, string> = {
    '/api/index.json': '{"version":1}',
    '/api/specs.json': documentText('specs', describeSpecs(catalog)),
    '/api/failures.json': documentText('failures', describeFailures(catalog)),
  };
  const { server, url } = await serve((path) => documents[path]);
  try {
    const lock = join(folder, 'environment/spack.lock');
    return await timesReading(folder, builds, (directory) => {
      mkdirSync(join(lock, '..'));
      cpSync(join(directory, 'environments/hpc-tools.lock.json'), lock);
      return [join(SCRIPTS, 'coverage.ts'), lock, '--cache', url, '--at-least', '0'];
    });
  } finally {
    server.close();
  }
}

/** Measures a script on a generated catalog in multiples of a program that only reads the catalog. */
async function timesReading(
  folder: string,
  builds: number,
  argsFor: (catalog: string) => string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Figures> {
  const catalog = join(folder, 'catalog');
  await generateCatalog({ builds, seed: 1, directory: catalog });
  const args = argsFor(catalog);
  const own = { ...ENVIRONMENT, CATALOG_DIR: catalog, ...environment };
  const script = await median(TIMES, () => measureProgram(process.execPath, args, own));
  const reading = await median(TIMES, () => measureProgram(process.execPath, [READER, catalog]));
  return {
    builds,
    cpuSeconds: script.cpuSeconds,
    cpuSecondsOfReading: reading.cpuSeconds,
    mebibytes: script.mebibytes,
    timesReading: round(script.cpuSeconds / reading.cpuSeconds),
  };
}

/** Serves texts by path on this machine. */
async function serve(textOf: (path: string) => string | undefined): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const text = textOf(request.url ?? '');
    response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(text);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${port}` };
}
