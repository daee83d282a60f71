import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { isCommit } from '../../site/lib/format.ts';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';
import { checkOut, headDate } from './git-checkout.ts';
import { findOnPath } from './spack-home.ts';

const execute = promisify(execFile);
const SPACK_URL = 'https://github.com/spack/spack.git';
const PACKAGES_URL = 'https://github.com/spack/spack-packages.git';

/** Address of the repository that Spack is fetched from. */
export function spackUrl(environment: ProcessEnvironment): string {
  return environment['SPACK_GIT_URL'] || SPACK_URL;
}

/** Address of the repository that Spack's recipes are fetched from. */
export function packagesUrl(environment: ProcessEnvironment): string {
  return environment['SPACK_PACKAGES_GIT_URL'] || PACKAGES_URL;
}
/** Value used instead of a commit when Spack's own configuration names the recipes. */
const INSTALLED_RECIPES = 'installed';

/** Tags or commits. */
export interface WantedVersions {
  spack: string;
  packages: string;
}

export interface InstalledSpack {
  /** Path of `bin/spack`. */
  program: string;
  /** Its commit, or the version that an installed Spack reports. */
  version: string;
  /** Folder of the builtin recipes. Absent when Spack's own configuration names them. */
  builtin?: string;
  /** Commit of spack-packages, or `installed`. */
  packages: string;
}

/** Commit of the recipes and its date; both absent if unknown. */
export interface RecipesCommit {
  commit?: string;
  commitDate?: string;
}

/**
 * Finds or fetches Spack and its recipes at the wanted versions. Uses a Spack in SPACK_ROOT or on PATH if it
 * has the wanted version. With `SPACK_INSTALLED=true`, for experiments, uses any version, with its own
 * recipes (`SPACK_PACKAGES_ROOT` names others). `SPACK_GIT_URL` and `SPACK_PACKAGES_GIT_URL` name other
 * repositories to fetch from.
 */
export async function installSpack(
  wanted: WantedVersions,
  folder: string,
  environment: ProcessEnvironment,
): Promise<InstalledSpack> {
  expectUsableSpack(wanted.spack);
  const takesAny = environment['SPACK_INSTALLED'] === 'true';
  const installed = await findInstalled(environment);
  if (takesAny && !installed)
    throw new Error('SPACK_INSTALLED: expected a Spack in SPACK_ROOT or on PATH, found none');
  const isWanted = installed && (takesAny || isVersion(installed, wanted.spack));
  if (isWanted) expectUsableSpack(installed.version);
  const spack = isWanted
    ? { program: installed.program, version: installed.commit ?? installed.version }
    : await fetchSpack(wanted.spack, folder, environment);
  return { ...spack, ...(await findRecipes(wanted.packages, folder, takesAny, environment)) };
}

interface FoundSpack {
  program: string;
  version: string;
  /** Absent when Spack does not report it. */
  commit?: string;
}

/** Whether an installed Spack matches a tag, a version or the beginning of a commit. */
export function isVersion({ version, commit }: Omit<FoundSpack, 'program'>, wanted: string): boolean {
  const isCommit = /^[0-9a-f]{7,40}$/.test(wanted);
  if (isCommit) return commit !== undefined && (wanted.startsWith(commit) || commit.startsWith(wanted));
  return wanted.replace(/^v/, '') === version;
}

async function findInstalled(environment: ProcessEnvironment): Promise<FoundSpack | undefined> {
  const root = environment['SPACK_ROOT'];
  const own = root && join(root, 'bin/spack');
  const program = own && existsSync(own) ? own : findOnPath('spack', environment);
  if (program === undefined) return undefined;
  return { program, ...parseVersion(await versionOf(program)) };
}

async function fetchSpack(
  version: string,
  folder: string,
  environment: ProcessEnvironment,
): Promise<{ program: string; version: string }> {
  const url = spackUrl(environment);
  console.error(`fetching Spack ${version}`);
  const root = resolve(folder, 'spack');
  const commit = await checkOut(url, version, root);
  const program = join(root, 'bin/spack');
  if (!existsSync(program)) throw new Error(`${url} at ${version}: expected bin/spack, found none`);
  expectUsableSpack(parseVersion(await versionOf(program)).version);
  return { program, version: commit };
}

async function findRecipes(
  version: string,
  folder: string,
  takesAny: boolean,
  environment: ProcessEnvironment,
): Promise<Pick<InstalledSpack, 'builtin' | 'packages'>> {
  const recipesRoot = environment['SPACK_PACKAGES_ROOT'];
  if (takesAny && !recipesRoot) return { packages: INSTALLED_RECIPES };
  const root = recipesRoot ? resolve(recipesRoot) : resolve(folder, 'spack-packages');
  if (!recipesRoot) console.error(`fetching spack-packages ${version}`);
  const url = packagesUrl(environment);
  const packages = recipesRoot ? INSTALLED_RECIPES : await checkOut(url, version, root);
  const builtin = join(root, 'repos/spack_repo/builtin');
  if (existsSync(builtin)) return { builtin, packages };
  throw new Error(`${root}: expected repos/spack_repo/builtin in it, as spack-packages has from v2025.07 on`);
}

/** Returns the commit of a Spack's builtin recipes. */
export async function describeRecipes({ builtin, packages }: InstalledSpack): Promise<RecipesCommit> {
  if (builtin === undefined || !isCommit(packages)) return {};
  return { commit: packages, commitDate: await headDate(builtin) };
}

async function versionOf(program: string): Promise<string> {
  // Runs without the job's variables, in which an older Spack may be active.
  const { PATH = '', HOME = '', SPACK_PYTHON } = process.env;
  const env = { PATH, HOME, ...(SPACK_PYTHON ? { SPACK_PYTHON } : {}) };
  const { stdout } = await execute(program, ['--version'], { env, timeout: 120_000 });
  return stdout.trim();
}

function parseVersion(text: string): { version: string; commit?: string } {
  const match = /^(\S+)(?: \(([0-9a-f]{7,40})\))?$/.exec(text);
  if (!match?.[1]) throw new Error(`spack --version: expected a version, found "${text.slice(0, 100)}"`);
  return { version: match[1], ...(match[2] ? { commit: match[2] } : {}) };
}

/**
 * Tools that Spack needs on a Linux machine to build anything, each with its alternative programs. Source:
 * "System Prerequisites" in Spack's manual, without the tools that Spack builds itself (make, gpg).
 */
const NEEDED: Record<string, string[]> = {
  'a C compiler': ['gcc', 'clang', 'cc'],
  'a C++ compiler': ['g++', 'clang++', 'c++'],
  'Python 3': ['python3', 'python', '/usr/libexec/platform-python'],
  ...Object.fromEntries(
    ['git', 'patch', 'tar', 'gzip', 'bzip2', 'xz', 'unzip', 'file'].map((name) => [name, [name]]),
  ),
};

/** Lists the required tools that a machine lacks. */
function findMissingTools(environment: ProcessEnvironment): string[] {
  const python = environment['SPACK_PYTHON'];
  return Object.entries(NEEDED).flatMap(([what, programs]) => {
    if (what === 'Python 3' && python !== undefined && python !== '') return [];
    const isThere = programs.some((program) =>
      program.startsWith('/') ? existsSync(program) : findOnPath(program, environment) !== undefined,
    );
    return isThere ? [] : [what];
  });
}

/** Throws one sentence with all missing tools: a Linux image may have neither compiler nor patch. */
export function expectTools(environment: ProcessEnvironment): void {
  const missing = findMissingTools(environment);
  if (missing.length === 0) return;
  throw new Error(
    `this machine lacks what Spack needs to build: ${missing.join(', ')}; install it, or give this target another container in ` +
      '.github/build-cache.yaml, or none: remove its line "container"',
  );
}

/** First release with the formats used here: build cache layout 3, database 8, compilers as nodes. */
const OLDEST_SPACK = [1, 0] as const;

/**
 * Throws, with the reason, when a version or tag (`0.23.1`, `v0.23.1`, `releases/v0.23`) is too old for this
 * cache. The age of a commit or a branch is unknown: it is checked when that Spack can be asked.
 */
export function expectUsableSpack(version: string): void {
  const match = /^(?:releases\/)?v?(\d+)\.(\d+)/.exec(version);
  if (!match) return;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  if (major > OLDEST_SPACK[0] || (major === OLDEST_SPACK[0] && minor >= OLDEST_SPACK[1])) return;
  throw new Error(
    `Spack ${version}: expected 1.0 or newer, which writes build caches of layout 3 with compilers as ` +
      'dependencies; older ones cannot read this cache or add to it; choose a newer version',
  );
}
