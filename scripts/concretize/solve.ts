import {
  copyFileSync,
  existsSync,
  mkdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
  readFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { BuildInputs, BuildRequest, MatrixEntry } from '../../site/schemas/build-request.ts';
import type { Target } from '../../site/schemas/build-cache-settings.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { DAY_MS, formatList, formatNumber } from '../../site/lib/format.ts';
import { runnableTargets } from '../../site/lib/spack/targets.ts';
import type { SpecNode } from '../../site/lib/spack/dag.ts';
import { targetOf } from '../../site/schemas/node.ts';
import { askForExternals } from './environment-packages.ts';
import { lastLines, runSpack, type Spack } from '../spack/run-spack.ts';
import { annotate } from '../github/actions.ts';
import { lacksContainer } from '../containers/images-to-make.ts';
import { adaptStored } from './adapt-environment.ts';
import { SBANG_FILE, writePlanFiles, expectSmall, composeSpackYaml } from './plan-files.ts';
import {
  readSolvedEnvironment,
  hasSameRoots,
  readEnvironmentLocks,
  type LockSystem,
} from './environment-locks.ts';
import { findForeignTargets, ownProblem } from './problem.ts';
import { hasFailed } from '../choose/skip-reasons.ts';
import { planBuild, planRest, type BuildPlan, type PlanOfRest } from './plan.ts';
import { readJson } from '../cli/files.ts';
import { ownValue } from '../../site/schemas/safe-text.ts';

/** Inputs for solving requests. */
export interface SolveContext {
  spack: Spack;
  system: LockSystem;
  catalog: string;
  isCached: (hash: DagHash) => boolean;
  /** Every node that the catalog knows. */
  nodes: ReadonlyMap<DagHash, SpecNode>;
  /** Exact versions, so that the build uses the same. */
  versions: Pick<BuildInputs, 'spack' | 'spackRelease' | 'packages' | 'repositories'>;
  target: Target;
  /**
   * Number of solvers that Spack may run at once for one environment: with `unify: false` it starts several.
   */
  solvers: number;
  /** Called with Spack's output. */
  onText: (text: string) => void;
}

/**
 * A request's solution, the lines that explain why there is none, or a sentence why there is nothing to
 * solve.
 */
export type Solution =
  Solved | { request: BuildRequest; problem: string[] } | { request: BuildRequest; nothing: string };

interface Solved {
  request: BuildRequest;
  plan: BuildPlan;
  entry: MatrixEntry;
  /** Whether a requested container is not in the catalog, so that the job runs even with nothing to build. */
  lacksContainer: boolean;
  /**
   * Whether the catalog has no lock of this environment, or another lock or release, so that the job must
   * run.
   */
  lacksLock: boolean;
}

/**
 * Solves one request into a folder: `spack.yaml`, `spack.lock`, `plan.txt`, `inputs.json`. A problem with one
 * request does not affect the others.
 */
export async function solveRequest(
  request: BuildRequest,
  folder: string,
  context: SolveContext,
): Promise<Solution> {
  try {
    return await trySolving(request, folder, context);
  } catch (error) {
    return { request, problem: describeProblem(error) };
  }
}

function describeProblem(error: unknown): string[] {
  const text = error instanceof z.ZodError ? `spack.lock: ${z.prettifyError(error)}` : String(error);
  return text
    .replace(/^Error: /, '')
    .split('\n')
    .slice(0, 100);
}

async function trySolving(request: BuildRequest, folder: string, context: SolveContext): Promise<Solution> {
  const { system, catalog } = context;
  mkdirSync(folder, { recursive: true });
  const { environment } = request;
  const locks =
    environment === undefined ? [] : readEnvironmentLocks(catalog, environment, request.target, system);
  if (environment === undefined) {
    writeFileSync(join(folder, 'spack.yaml'), composeSpackYaml(request.specs));
  } else {
    const { refusals, externals } = adaptStored(catalog, environment);
    if (refusals.length > 0) return { request, problem: ownProblem(refusals) };
    const states = await askForExternals(context.spack, externals);
    const { text, notes } = adaptStored(catalog, environment, states);
    // A single annotation, since GitHub shows only ten per step.
    if (notes.length > 0) annotate('warning', `environment ${environment}: ${notes.join('\n')}`);
    writeFileSync(join(folder, 'spack.yaml'), text);
  }
  return solveWith(locks, request, folder, context);
}

/**
 * Solves the environment in a folder. If a lock is to be kept, its solution stays. A lock that waits for its
 * builds is only kept while the owner asks for the same specs: otherwise the wait would hide their changes.
 * @param locks newest first
 */
async function solveWith(
  [recorded, ...older]: string[],
  request: BuildRequest,
  folder: string,
  context: SolveContext,
): Promise<Solution> {
  const { spack } = context;
  rmSync(join(folder, 'spack.lock'), { force: true });
  if (recorded !== undefined && !request.fresh) writeFileSync(join(folder, 'spack.lock'), recorded);
  const jobs = ['-j', String(context.solvers)];
  const args = ['-e', folder, 'concretize', '--quiet', ...jobs, ...(request.fresh ? ['--fresh'] : [])];
  const { code, output } = await runSpack(spack, args, { onText: context.onText });
  // Copies of the recipes and a lock, which a build does not need.
  rmSync(join(folder, '.spack-env'), { recursive: true, force: true });
  // The folder's name is meaningless outside this run.
  if (code !== 0) {
    const lines = lastLines(output.replaceAll(`${folder}/`, ''), 100);
    const foreign = findForeignTargets(
      readFileSync(join(folder, 'spack.yaml'), 'utf8'),
      context.system.microarchitecture,
    );
    if (foreign.length === 0) return { request, problem: lines };
    const printed = lines.map((line) => line.replace(/^==> Error: /, 'Spack: '));
    return { request, problem: [...ownProblem(foreign), ...printed] };
  }
  const lock = readLock(folder);
  if (lock === undefined || lock.roots.length === 0) {
    const reason = 'it has no specs, or all of them have a condition that is false here';
    return { request, nothing: `nothing to build: ${reason}` };
  }
  if (recorded !== undefined && !request.fresh && older.length > 0 && !hasSameRoots('spec', recorded, lock))
    return solveWith(older, request, folder, context);
  const { plan, leftOut } = planMissing(lock, request, context);
  if (leftOut.length > 0 && plan.hashes.length === 0) {
    const count = formatNumber(leftOut.length, 'build');
    return {
      request,
      nothing: `nothing to build: ${count} failed in an earlier run, or are only needed by those`,
    };
  }
  const problem = [
    ...findStrays(lock, plan, context),
    ...findWithoutLibrary(lock, plan.hashes),
    ...findBuiltOnSplices(lock, plan.hashes, context.nodes),
  ];
  if (problem.length > 0) return { request, problem };
  return writePlan(request, folder, { lock, plan, leftOut, recorded }, context);
}

/** Plans missing builds, without those that failed since the first of the runs that this one continues. */
function planMissing(lock: LockFile, { since }: BuildRequest, context: SolveContext): PlanOfRest {
  const { isCached, catalog, target } = context;
  const nodes = lock.concrete_specs;
  // Spack forgets the build specs of spliced builds, so such a lock is built as a whole.
  if (since === undefined || Object.values(nodes).some(({ build_spec }) => build_spec))
    return { plan: planBuild(lock, isCached), leftOut: [] };
  const date = new Date();
  const window = { catalog, target, date, days: (date.getTime() - Date.parse(since)) / DAY_MS };
  return planRest(
    lock,
    isCached,
    (hash) => nodes[hash] !== undefined && hasFailed(nodes[hash].name, window, hash),
  );
}

/** The lock that Spack wrote; undefined for an environment without specs. */
function readLock(folder: string): LockFile | undefined {
  const lockFile = join(folder, 'spack.lock');
  if (!existsSync(lockFile)) return undefined;
  expectSmall(lockFile);
  return readJson(lockFile, LockFile, { expected: 'a spack.lock', advice: 'solve it again' });
}

/**
 * Requirements of an environment or a recipe may override ours. Returns a sentence when something would be
 * built for another processor than the target's, such as the runner's own, which few machines could run.
 */
function findStrays(lock: LockFile, plan: BuildPlan, { system }: SolveContext): string[] {
  const allowed = new Set(runnableTargets(system.microarchitecture));
  const strays = plan.hashes.flatMap((hash) => {
    const node = lock.concrete_specs[hash];
    return node && !allowed.has(targetOf(node)) ? [`${node.name} (${targetOf(node)})`] : [];
  });
  if (strays.length === 0) return [];
  return ownProblem([
    `expected everything to be built for ${system.microarchitecture} or what it can run, found ` +
      `${formatList(strays, 10)}: a "require", "target" or "target=" of the environment or its specs ` +
      `requests it; correct it there, or add a target for that microarchitecture to the settings`,
  ]);
}

/** Virtual packages of the languages that a compiler translates. */
const LANGUAGES = ['c', 'cxx', 'fortran'];

/**
 * Returns a sentence when something would be compiled on Linux without a C library in its solution. Spack takes
 * a binary without one for usable on every system, whatever glibc it was built with.
 * @param planned hashes to build
 */
export function findWithoutLibrary(
  { concrete_specs: nodes }: Pick<LockFile, 'concrete_specs'>,
  planned: readonly DagHash[],
): string[] {
  const compiled = planned.flatMap((hash) => {
    const node = nodes[hash];
    if (!node || node.arch.platform !== 'linux') return [];
    const edges = node.dependencies.map((edge) => ({ edge, virtuals: edge.parameters.virtuals }));
    const compiler = edges.find(({ virtuals }) =>
      virtuals.some((virtual) => LANGUAGES.includes(virtual)),
    )?.edge;
    if (compiler === undefined || edges.some(({ virtuals }) => virtuals.includes('libc'))) return [];
    return [`${node.name} by ${compiler.name}@${nodes[compiler.hash]?.version ?? '?'}`];
  });
  if (compiled.length === 0) return [];
  return ownProblem([
    `expected a C library (libc) with everything that is compiled, found none for ${formatList(compiled, 10)}: Spack ` +
      "does not know that compiler's; request another compiler, such as one of the machine",
  ]);
}

function writePlan(
  request: BuildRequest,
  folder: string,
  { lock, plan, leftOut, recorded }: PlanOfRest & { lock: LockFile; recorded: string | undefined },
  { spack, catalog, system, versions, target }: SolveContext,
): Solved {
  // Copied before any build, since a build job can upload anything.
  if (request.container) {
    copyFileSync(join(dirname(realpathSync(spack.program)), SBANG_FILE), join(folder, SBANG_FILE));
  }
  const inputs = {
    ...{ request, microarchitecture: system.microarchitecture, ...versions },
    ...(leftOut.length > 0 && { leftOut }),
  };
  const entry = writePlanFiles(folder, plan.hashes, inputs, target);
  const isEnvironment = request.environment !== undefined && lock.roots.length > 0;
  const lacksLock =
    isEnvironment &&
    (recorded === undefined || !hasSameRoots('hash', recorded, lock) || isNewRelease(request, catalog));
  return { request, plan, entry, lacksContainer: lacksContainer(request, lock, catalog), lacksLock };
}

/** Whether an environment was completely solved with other recipes than the catalog records. */
function isNewRelease({ environment, release, target, fresh }: BuildRequest, catalog: string): boolean {
  if (environment === undefined || release === undefined || !fresh) return false;
  return ownValue(readSolvedEnvironment(catalog, environment).targets, target)?.release !== release;
}

/**
 * Returns a sentence when a spec that is not spliced itself would be built on a spliced one. Spack's old
 * installer would try it endlessly; and Spack forgets the build spec of a spliced build from a build cache,
 * and pushes a spec file that does not match its hashes.
 * @param planned hashes to build
 * @param catalogNodes the nodes of the catalog
 */
export function findBuiltOnSplices(
  { concrete_specs: nodes }: Pick<LockFile, 'concrete_specs'>,
  planned: readonly DagHash[],
  catalogNodes: ReadonlyMap<DagHash, SpecNode>,
): string[] {
  const isSpliced = (hash: DagHash) =>
    (nodes[hash]?.build_spec ?? catalogNodes.get(hash)?.node.build_spec) !== undefined;
  const dependents = planned.flatMap((hash) => {
    const node = nodes[hash];
    if (!node || isSpliced(hash)) return [];
    const spliced = node.dependencies.find((dependency) => isSpliced(dependency.hash));
    return spliced ? [`${node.name} on ${spliced.name}/${spliced.hash}`] : [];
  });
  if (dependents.length === 0) return [];
  return ownProblem([
    `expected nothing new to be built on a spliced package, found ${formatList(dependents, 10)}: ` +
      'Spack does not support that; request the same splice in this environment with fresh, or another version or variant',
  ]);
}
