import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { findProgram, programFolders } from '../tools/path.ts';
import { runProgram, type Outcome } from './run.ts';

/** A real Spack on this machine. */
export interface Spack {
  program: string;
  /** Version from `spack --version` without the commit: `1.2.0.dev0`. */
  version: string;
}

/** A Spack with its own configuration, caches, keys and installations. */
export interface SpackHome {
  /** Root of its installations. */
  store: string;
  /** Folder of its configuration files, which another home may reuse. */
  config: string;
  /** Its GnuPG home, for `SPACK_GNUPGHOME` of others that should trust the same keys. */
  keys: string;
  /** Runs a command; never throws because of its exit code. */
  run(args: string[], env?: Record<string, string>): Promise<Outcome>;
  /** Runs a line for a shell, in which `spack` is this one; never throws because of its exit code. */
  type(line: string): Promise<Outcome>;
  /** Writes a file in the user configuration scope. */
  configure(name: string, text: string): Promise<void>;
  close(): Promise<void>;
}

/** Advice on skipped tests. */
export const SPACK_ADVICE = 'put spack on PATH (more as spack-<version>), or set SPACK_ROOT to a checkout';
/** Advice when no Spack can concretize. */
export const CLINGO_ADVICE =
  "Spack solves with Python's clingo: python3 -m pip install clingo, or set SPACK_PYTHON to a Python that has it";
export const SOLVER_ADVICE = `${SPACK_ADVICE}; ${CLINGO_ADVICE}`;

/** Oldest Spack version that can read these caches. */
const OLDEST = [1, 0];

/**
 * Folder of package repository indexes, kept between runs because Spack needs half a minute to create them.
 */
export const WARM_FOLDER = resolve(import.meta.dirname, '../../.work/spack-warm');
const WARM_NAMES = ['patches', 'providers', 'tags'];
/** Minimum size in bytes; an index of all recipes has 10,000 and more. */
const SMALLEST_INDEX = 1_000;

/** Finds every usable Spack, newest first, in SPACK_ROOT and on PATH (`spack` and `spack-<version>`). */
export function findSpacks(): Spack[] {
  const root = process.env['SPACK_ROOT'];
  const names = programFolders().flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  const versioned = [...new Set(names)].filter((name) => /^spack-\d[\w.]*$/.test(name));
  const programs = [root && join(root, 'bin/spack'), ...['spack', ...versioned].map(findProgram)];
  const found = new Map<string, Spack>();
  for (const program of programs) {
    if (!program || !existsSync(program)) continue;
    const version = versionOf(program);
    if (isAtLeast(version, OLDEST) && !found.has(version)) found.set(version, { program, version });
  }
  return [...found.values()].sort((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }));
}

/** Finds every Spack that can concretize, newest first: bootstrapping clingo needs a network and minutes. */
export function findSolvers(): Spack[] {
  return findSpacks().filter(({ program }) => {
    const known = solvers.get(program) ?? hasClingo(program);
    solvers.set(program, known);
    return known;
  });
}

/** Whether each program can concretize. */
const solvers = new Map<string, boolean>();

function hasClingo(program: string): boolean {
  return spawnSync(program, ['python', '-c', 'import clingo'], { stdio: 'ignore' }).status === 0;
}

/** Output of `spack --version`, cached because it takes almost a second. */
function versionOf(program: string): string {
  const known = versions.get(program);
  if (known !== undefined) return known;
  const [version = ''] = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim().split(' ');
  versions.set(program, version);
  return version;
}

const versions = new Map<string, string>();

/** Spack versions for tests with clients: all under `npm run test:full`, else the newest. */
export function testedSpacks(): Spack[] {
  return process.env['FULL'] ? findSpacks() : findSpacks().slice(0, 1);
}

/** Whether a version such as `1.2.0.dev0` is at least a release. */
export function isAtLeast(version: string, [major = 0, minor = 0]: number[]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/**
 * Sets up an isolated Spack in a folder with a short path: binaries cannot be relocated to a longer one.
 * @param packages packages whose recipes it sees; with all of them Spack first spends a minute on indexes,
 * unless an earlier test has kept them
 */
export async function openSpack({ program, version }: Spack, packages?: string[]): Promise<SpackHome> {
  const folder = await mkdtemp('/tmp/');
  const user = join(folder, 'u');
  const caches = join(folder, 'c');
  const gpg = join(folder, 'gpg');
  const store = join(folder, 's');
  for (const path of [user, join(folder, 'home')]) await mkdir(path, { recursive: true });
  await mkdir(gpg, { mode: 0o700 });
  const config = {
    install_tree: { root: store },
    build_stage: [join(folder, 'stage')],
    source_cache: join(folder, 'src'),
    // In seconds: the servers of tests share a busy machine with it.
    connect_timeout: 300,
    db_lock_timeout: 300,
  };
  await writeFile(join(user, 'config.yaml'), JSON.stringify({ config }));
  const base = {
    PATH: process.env['PATH'] ?? '',
    HOME: join(folder, 'home'),
    LC_ALL: 'C.UTF-8',
    SPACK_USER_CONFIG_PATH: user,
    SPACK_USER_CACHE_PATH: caches,
    SPACK_SYSTEM_CONFIG_PATH: join(folder, 'none'),
    SPACK_GNUPGHOME: gpg,
    ...(process.env['SPACK_PYTHON'] ? { SPACK_PYTHON: process.env['SPACK_PYTHON'] } : {}),
  };
  const warm = join(WARM_FOLDER, version);
  if (!packages && existsSync(warm))
    await cp(warm, join(caches, 'cache'), { recursive: true, preserveTimestamps: true });
  const builtin = packages
    ? await linkRecipes(program, join(folder, 'r'), packages)
    : await findRecipes(program);
  if (builtin !== undefined) {
    await writeFile(join(user, 'repos.yaml'), JSON.stringify({ 'repos:': { builtin } }));
  }
  return {
    store,
    config: user,
    keys: gpg,
    run: (args, env = {}) => runProgram(program, args, { ...base, ...env }),
    type: (line) => runProgram('sh', ['-c', `spack() { "$0" "$@"; }\n${line}`, program], base),
    configure: (name, text) => writeFile(join(user, name), text),
    close: async () => {
      await runProgram('gpgconf', ['--homedir', gpg, '--kill', 'all'], base).catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function keepWarm(cache: string, warm: string): Promise<void> {
  if (existsSync(warm) || !WARM_NAMES.every((name) => isIndexed(join(cache, name)))) return;
  const fresh = `${warm}.${process.pid}`;
  for (const name of WARM_NAMES) {
    await cp(join(cache, name), join(fresh, name), { recursive: true, preserveTimestamps: true });
  }
  // Another process may have been faster.
  await rename(fresh, warm).catch(() => rm(fresh, { recursive: true, force: true }));
}

/** Whether a folder has an index of all recipes. With an index of a few, Spack would not find the others. */
function isIndexed(folder: string): boolean {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return files.some(
    (file) => /^builtin-.*\.json$/.test(file) && statSync(join(folder, file)).size > SMALLEST_INDEX,
  );
}

/** Finds the builtin recipes of a Spack, or those of another Spack if it has not fetched any. */
export async function findRecipes(program: string): Promise<string | undefined> {
  for (const candidate of [program, ...findSpacks().map((other) => other.program)]) {
    const found = recipes.get(candidate) ?? (await askRecipes(candidate));
    recipes.set(candidate, found);
    if (found !== '') return found;
  }
  return undefined;
}

/** Folders of recipes, keyed by Spack; empty for a Spack without recipes. */
const recipes = new Map<string, string>();

async function askRecipes(program: string): Promise<string> {
  const { stdout } = await runProgram(program, ['location', '--repo', 'builtin'], process.env);
  return existsSync(stdout.trim()) ? stdout.trim() : '';
}

/** Creates a package repository of some builtin recipes through symbolic links; returns its path. */
export async function linkRecipes(program: string, folder: string, packages: string[]): Promise<string> {
  const builtin = (await findRecipes(program)) ?? '';
  const repository = join(folder, 'spack_repo/builtin');
  await mkdir(join(repository, 'packages'), { recursive: true });
  for (const name of await readdir(builtin)) {
    if (name !== 'packages') await symlink(join(builtin, name), join(repository, name));
  }
  for (const name of packages) {
    const recipe = join('packages', name.replaceAll('-', '_'));
    await symlink(join(builtin, recipe), join(repository, recipe));
  }
  return repository;
}
