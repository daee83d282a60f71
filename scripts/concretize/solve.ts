import { copyFileSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BuildInputs, BuildRequest, MatrixEntry } from '../../site/schemas/build-request.ts';
import type { Target } from '../../site/schemas/build-cache-settings.ts';
import type { DagHash } from '../../site/schemas/digest.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { readEnvironment } from '../choose/environments.ts';
import { lastLines, runSpack } from '../spack/run-spack.ts';
import type { Spack } from '../spack/run-spack.ts';
import { lacksContainer } from '../containers/images-to-make.ts';
import { digestFile, digestFiles, SBANG_FILE } from './digests.ts';
import { hasSameRoots, readEnvironmentLock } from './environment-lock.ts';
import type { LockSystem } from './environment-lock.ts';
import { planBuild } from './plan.ts';
import type { Plan } from './plan.ts';
import { expectSmall } from './read-limited.ts';
import { composeSpackYaml } from './spack-yaml.ts';

/** What solving a request needs. */
export interface SolveContext {
  spack: Spack;
  system: LockSystem;
  /** Folder of the catalog. */
  catalog: string;
  isCached: (hash: DagHash) => boolean;
  /** Exact versions, for the build to use the same. */
  versions: Pick<BuildInputs, 'spack' | 'packages' | 'repositories'>;
  target: Target;
  /** Gets Spack's output. */
  onText: (text: string) => void;
}

/** A request's solution, or the lines that say why there is none. */
export type Solution = Solved | { request: BuildRequest; problem: string[] };

interface Solved {
  request: BuildRequest;
  plan: Plan;
  entry: MatrixEntry;
  /** A container is wanted that the catalog has no record of: its job runs even with nothing to build. */
  lacksContainer: boolean;
  /** The catalog has another lock of this environment, or none: its job runs even with nothing to build. */
  lacksLock: boolean;
}

/** Solves one request into a folder: `spack.yaml`, `spack.lock`, `plan.txt`, `inputs.json`. */
export async function solveRequest(
  request: BuildRequest,
  folder: string,
  context: SolveContext,
): Promise<Solution> {
  const { spack, system, catalog } = context;
  mkdirSync(folder, { recursive: true });
  const { environment } = request;
  const known = environment === undefined ? undefined : readEnvironmentLock(catalog, environment, system);
  if (environment === undefined) {
    writeFileSync(join(folder, 'spack.yaml'), composeSpackYaml(request.specs));
  } else {
    writeFileSync(join(folder, 'spack.yaml'), readEnvironment(catalog, environment));
    if (known !== undefined && !request.fresh) writeFileSync(join(folder, 'spack.lock'), known);
  }
  const args = ['-e', folder, 'concretize', '--quiet', ...(request.fresh ? ['--fresh'] : [])];
  const { code, output } = await runSpack(spack, args, { onText: context.onText });
  // Copies of the recipes and a lock: nothing that a build needs.
  rmSync(join(folder, '.spack-env'), { recursive: true, force: true });
  if (code !== 0) return { request, problem: lastLines(output, 100) };
  return writePlan(request, folder, known, context);
}

function writePlan(
  request: BuildRequest,
  folder: string,
  known: string | undefined,
  { spack, catalog, system, isCached, versions, target }: SolveContext,
): Solved {
  const lockFile = join(folder, 'spack.lock');
  expectSmall(lockFile);
  const lock = LockFile.parse(JSON.parse(readFileSync(lockFile, 'utf8')));
  const plan = planBuild(lock, isCached);
  writeFileSync(join(folder, 'plan.txt'), plan.hashes.map((hash) => `${hash}\n`).join(''));
  // From before any build: what a build job hands over may be anything.
  if (request.container) {
    copyFileSync(join(dirname(realpathSync(spack.program)), SBANG_FILE), join(folder, SBANG_FILE));
  }
  const files = digestFiles(folder);
  const inputs: BuildInputs = {
    request,
    microarchitecture: system.microarchitecture,
    ...versions,
    files,
  };
  writeFileSync(join(folder, 'inputs.json'), `${JSON.stringify(inputs, null, 2)}\n`);
  const entry = {
    index: request.index,
    target: target.name,
    runner: target.runner,
    container: target.container ?? '',
    plan: digestFile(join(folder, 'plan.txt')),
    lock: digestFile(lockFile),
    inputs: digestFile(join(folder, 'inputs.json')),
  };
  const isEnvironment = request.environment !== undefined && lock.roots.length > 0;
  const lacksLock = isEnvironment && !hasSameRoots(known, lock);
  return { request, plan, entry, lacksContainer: lacksContainer(request, lock, catalog), lacksLock };
}
