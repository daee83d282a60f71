import { mkdirSync, rmSync, writeFileSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import pMap from 'p-map';
import { microarchitectureOf, type BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import { BuildRequests, type BuildRequest, type Matrix } from '../../site/schemas/build-request.ts';
import { readCatalog } from '../catalog/catalog.ts';
import type { Catalog } from '../../site/lib/catalog/catalog-files.ts';
import { addSummary, annotate, setOutput, withGroup, withStoppedCommands } from '../github/actions.ts';
import { findTarget } from '../cli/owner-settings.ts';
import {
  installSpack,
  expectTools,
  type InstalledSpack,
  type WantedVersions,
} from '../spack/install-spack.ts';
import { findMovedTags } from '../spack/latest.ts';
import { openSpack } from '../spack/open-spack.ts';
import { gatherRecipes, parseRecipeSources, type Recipes } from '../spack/recipes.ts';
import { askSpack } from '../spack/run-spack.ts';
import type { SpackOptions } from '../spack/spack-options.ts';
import { findThisCache, type ThisCache } from '../spack/this-cache.ts';
import { digestFile } from './plan-files.ts';
import { shortly } from './problem.ts';
import { composeFailure, describeRequest, describeSolutions } from './report.ts';
import { solveRequest, type Solution } from './solve.ts';
import { formatJson, parseJson } from '../../site/lib/json.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';

/** Maximum number of solvers at once: each takes about a gigabyte. */
const MAX_SOLVERS = 4;

/** Divides the solvers that fit on the machine: requests to solve at once, and solvers per request. */
export function shareSolvers(requests: number, processors: number): { atOnce: number; each: number } {
  const atOnce = Math.min(MAX_SOLVERS, processors);
  return { atOnce, each: Math.max(1, Math.floor(atOnce / requests)) };
}

export interface ConcretizeOptions extends Omit<SpackOptions, 'settings'> {
  out: string;
  wanted: WantedVersions;
  /** More recipe repositories, as typed. */
  repos: string;
  settings: BuildCacheSettings;
}

/** Solves requests into folders `<out>/<index>`. Sets the output `matrix` for those that have something to do. */
export async function concretizeRequests(
  requests: BuildRequest[],
  options: ConcretizeOptions,
): Promise<Matrix> {
  const { out } = options;
  mkdirSync(out, { recursive: true });
  const catalog = readCatalog(options.catalog);
  const names = [...new Set(requests.map(({ target }) => target))];
  const solutions: Solution[] = [];
  if (requests.length > 0) {
    const tools = await gatherTools(catalog, options);
    for (const name of names) {
      const chosen = requests.filter(({ target }) => target === name);
      solutions.push(...(await solveTarget(name, chosen, catalog, tools, options)));
    }
    setOutput('spack', tools.installed.version);
    setOutput('packages', tools.installed.packages);
  }
  solutions.sort((a, b) => a.request.index - b.request.index);
  const matrix = composeMatrix(solutions);
  const failures = solutions.flatMap((solution) =>
    'problem' in solution ? [composeFailure(solution.request, solution.problem)] : [],
  );
  writeFileSync(join(out, 'matrix.json'), formatJson(matrix));
  writeFileSync(join(out, 'failures.json'), formatJson(failures));
  setOutput('matrix', JSON.stringify(matrix));
  setOutput('count', String(matrix.include.length));
  setOutput('failures', digestFile(join(out, 'failures.json')));
  report(solutions, matrix);
  return matrix;
}

interface Tools {
  installed: InstalledSpack;
  recipes: Recipes;
  cache: ThisCache;
}

async function gatherTools(catalog: Catalog, options: ConcretizeOptions): Promise<Tools> {
  if (process.platform === 'linux') expectTools(process.env);
  const folder = join(options.home, 'tools');
  return withGroup('Setting up Spack', async () => {
    const installed = await installSpack(options.wanted, folder, process.env);
    const moved = findMovedTags(catalog.builds.values(), options.wanted, installed);
    for (const sentence of moved) annotate('warning', sentence);
    const recipes = await gatherRecipes(parseRecipeSources(options.repos), options.own, folder);
    const cache = await findThisCache(catalog, { ...options, directory: options.catalog });
    console.error(cache.message);
    return { installed, recipes, cache };
  });
}

async function solveTarget(
  name: string,
  requests: BuildRequest[],
  catalog: Catalog,
  tools: Tools,
  { out, home, catalog: directory, settings, wanted }: ConcretizeOptions,
): Promise<Solution[]> {
  const target = findTarget(settings, name);
  const microarchitecture = microarchitectureOf(target);
  const { installed, recipes } = tools;
  const folder = resolve(home, `solve-${target.name}`);
  const spack = await openSpack(folder, {
    ...tools,
    microarchitecture,
    installRoot: join(folder, 'store'),
  });
  const operatingSystem = (await askSpack(spack, ['arch', '--operating-system'])).trim();
  const { atOnce, each } = shareSolvers(requests.length, availableParallelism());
  const context = {
    spack,
    system: { microarchitecture, operatingSystem },
    catalog: directory,
    isCached: (hash: string) => catalog.builds.has(hash),
    nodes: catalog.nodes,
    versions: {
      ...{ spack: installed.version, spackRelease: wanted.spack },
      ...{ packages: installed.packages, repositories: recipes.sources },
    },
    target,
    solvers: each,
    onText: (text: string) => process.stderr.write(text),
  };
  const solve = async (request: BuildRequest) => {
    const into = resolve(out, String(request.index));
    rmSync(into, { recursive: true, force: true });
    const solution = await solveRequest(request, into, context);
    console.error(`solved ${describeRequest(request)} for ${name}: ${resultOf(solution)}`);
    return solution;
  };
  return withGroup(`Concretizing for ${name}`, () =>
    withStoppedCommands(() => pMap(requests, solve, { concurrency: atOnce })),
  );
}

function composeMatrix(solutions: Solution[]): Matrix {
  return {
    include: solutions.flatMap((solution) =>
      'entry' in solution &&
      (solution.plan.hashes.length > 0 || solution.lacksContainer || solution.lacksLock)
        ? [solution.entry]
        : [],
    ),
  };
}

function resultOf(solution: Solution): string {
  if ('problem' in solution) return `no solution: ${shortly(solution.problem)}`;
  if ('nothing' in solution) return solution.nothing;
  return `${solution.plan.hashes.length} to build, ${solution.plan.cached.length} cached`;
}

function report(solutions: Solution[], { include }: Matrix): void {
  addSummary(describeSolutions(solutions));
  const unsolved = solutions.filter((solution) => 'problem' in solution);
  for (const { request, problem } of unsolved) {
    annotate('warning', `${describeRequest(request)}: no solution: ${shortly(problem)}`);
  }
  for (const solution of solutions) {
    if ('nothing' in solution)
      annotate('notice', `${describeRequest(solution.request)}: ${solution.nothing}`);
  }
  console.error(
    `${solutions.length} requests solved: ${include.length} have something to do, ${unsolved.length} have no solution`,
  );
}

/**
 * Reads the output of `choose` from a file (`-` is standard input), or else from the variable REQUESTS.
 * @param target only requests for this target; empty: all
 */
export function readRequests(
  file: string | undefined,
  target: string,
  environment: ProcessEnvironment,
): BuildRequest[] {
  const text = file === undefined ? environment['REQUESTS'] : readFileSync(file === '-' ? 0 : file, 'utf8');
  const where = file ?? 'environment variable REQUESTS';
  if (!text) throw new Error(`${where}: expected what choose printed, found nothing; give --requests FILE`);
  return parseRequests(text, where).filter((request) => target === '' || request.target === target);
}

/** The pure part of `readRequests`; `where` names the text in errors. */
export function parseRequests(text: string, where: string): BuildRequest[] {
  return parseJson(text, BuildRequests, {
    where,
    expected: 'the JSON that choose printed',
    advice: 'let choose make it',
  });
}
