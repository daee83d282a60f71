import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { findProgram, TOOLS_BIN } from '../tools/path.ts';
import { findTool } from '../world/registry.ts';
import { runProgram, type Outcome } from '../world/run.ts';
import { standIns } from './stand-ins.ts';

const PROJECT = resolve(import.meta.dirname, '../..');

/** A run of one workflow file. */
export interface ActRun {
  workflow: string;
  event: string;
  /** File with its payload. */
  eventFile: string;
  /** Checkout of the commit of the event. */
  work: string;
  /** Folder of the rehearsal. */
  folder: string;
  /** Its git repository; `repository` is the name on GitHub. */
  origin: string;
  repository: string;
  /** Folder for actions and tools of this run. */
  cache: string;
  /** Whether to use the recorded Spack. */
  isRecorded: boolean;
  secrets: Record<string, string>;
  vars: Record<string, string>;
  environment: Record<string, string>;
}

/** Runs a workflow file with act and the stand-ins for actions. */
export function runAct(run: ActRun): Promise<Outcome> {
  const { workflow, event, eventFile, work, folder, cache } = run;
  const actions = standIns(join(work, '.github'));
  const environment = {
    ...(actions.some(({ isReal }) => isReal) ? prepareForReal(run) : {}),
    REHEARSAL: folder,
    // One machine simulates all runners: checkout gives each job a separate install root.
    INSTALL_ROOTS: join(folder, 'software'),
    REHEARSAL_PROJECT: PROJECT,
    ...run.environment,
  };
  const args = [
    ...[event, '--workflows', `.github/workflows/${workflow}.yml`, '--eventpath', eventFile],
    ...['--no-skip-checkout', '--action-offline-mode', '--no-cache-server', '--use-gitignore=false'],
    ...['--action-cache-path', cache, '--platform', 'ubuntu-24.04=-self-hosted'],
    ...['--pull=false', '--container-daemon-socket', '-'],
    ...actions.flatMap(({ uses, path }) => ['--local-repository', `${uses}=${path}`]),
    ...optionsOf('--env', environment),
    ...optionsOf('--secret', run.secrets),
    ...optionsOf('--var', run.vars),
  ];
  const path = [
    ...(run.isRecorded ? [join(import.meta.dirname, 'recorded-spack/bin')] : []),
    join(PROJECT, 'tests/rehearse/bin'),
    join(PROJECT, 'node_modules/.bin'),
    dirname(findTool('oras')),
    TOOLS_BIN,
    process.env['PATH'],
  ].join(delimiter);
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  const own = {
    PATH: path,
    HOME: home,
    TMPDIR: tmpdir(),
    LC_ALL: 'C.UTF-8',
    ASTRO_TELEMETRY_DISABLED: '1',
    NODE_COMPILE_CACHE: join(PROJECT, '.work/compile-cache'),
    ...Object.fromEntries(
      ['SPACK_PYTHON', 'DOCKER_HOST'].flatMap((name) => {
        const value = process.env[name];
        return value ? [[name, value]] : [];
      }),
    ),
  };
  return runProgram(findProgram('act') ?? 'act', args, own, work);
}

function optionsOf(option: string, values: Record<string, string>): string[] {
  return Object.entries(values).flatMap(([key, value]) => [option, `${key}=${value}`]);
}

/**
 * Prepares a runner for the real actions: Node in its tool cache, as in GitHub's images, and the repository
 * where they look for it.
 * @returns variables for its jobs
 */
function prepareForReal({ cache, origin, repository }: ActRun): Record<string, string> {
  const version = process.versions.node;
  const tool = join(cache, 'tool_cache/node', version, process.arch);
  mkdirSync(join(tool, 'bin'), { recursive: true });
  symlinkSync(process.execPath, join(tool, 'bin/node'));
  writeFileSync(`${tool}.complete`, '');
  return {
    INSTALL_ROOT: join(cache, 'software'),
    // As on GitHub; without a cache service setup-node warns.
    ACTIONS_CACHE_SERVICE_V2: 'true',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `url.file://${origin}.insteadOf`,
    GIT_CONFIG_VALUE_0: `https://github.com/${repository}`,
  };
}
