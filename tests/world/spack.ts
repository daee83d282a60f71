import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { findProgram, programFolders } from '../tools/path.ts';
import { runProgram, type Outcome } from './run.ts';

/** A real Spack on this machine. */
export interface Spack {
  program: string;
  /** As `spack --version` says without the commit: `1.2.0.dev0`. */
  version: string;
}

/** One Spack with configuration, caches, keys and installations of its own. */
export interface SpackHome {
  /** Where it installs. */
  store: string;
  /** Its configuration, in files that another home may take over. */
  config: string;
  /** Its GnuPG home, for `SPACK_GNUPGHOME` of others that are to trust the same keys. */
  keys: string;
  /** Runs a command; never throws for its exit code. */
  run(args: string[], env?: Record<string, string>): Promise<Outcome>;
  /** Writes a file of the user's own configuration scope. */
  configure(name: string, text: string): Promise<void>;
  close(): Promise<void>;
}

/** What to do about tests that are skipped. */
export const SPACK_ADVICE = 'put spack on PATH (more as spack-<version>), or set SPACK_ROOT to a checkout';
/** What to do where no Spack can solve. */
export const CLINGO_ADVICE =
  "Spack solves with Python's clingo: python3 -m pip install clingo, or set SPACK_PYTHON to a Python that has it";
export const SOLVER_ADVICE = `${SPACK_ADVICE}; ${CLINGO_ADVICE}`;

/** The oldest Spack that reads these caches. */
const OLDEST = [1, 0];

/** Indexes of the package repository, which Spack needs half a minute to make; kept from one run to the next. */
export const WARM_FOLDER = resolve(import.meta.dirname, '../../.work/spack-warm');
const WARM_NAMES = ['patches', 'providers', 'tags'];
/** Bytes; that of all recipes has some 10,000 and more. */
const SMALLEST_INDEX = 1_000;

/** Finds every usable Spack, newest first: SPACK_ROOT, `spack` and `spack-<version>` on PATH. */
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

/** Finds every Spack that can solve, newest first: Spack's own way to get clingo needs a network and minutes. */
export function findSolvers(): Spack[] {
  return findSpacks().filter(({ program }) => {
    const known = solvers.get(program) ?? hasClingo(program);
    solvers.set(program, known);
    return known;
  });
}

/** Programs, and whether each can solve. */
const solvers = new Map<string, boolean>();

function hasClingo(program: string): boolean {
  return spawnSync(program, ['python', '-c', 'import clingo'], { stdio: 'ignore' }).status === 0;
}

/** What `spack --version` says; asked once, since it takes most of a second. */
function versionOf(program: string): string {
  const known = versions.get(program);
  if (known !== undefined) return known;
  const [version = ''] = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim().split(' ');
  versions.set(program, version);
  return version;
}

const versions = new Map<string, string>();

/** The Spacks that a test of every client goes through: all under `npm run test:full`, else the newest. */
export function testedSpacks(): Spack[] {
  return process.env['FULL'] ? findSpacks() : findSpacks().slice(0, 1);
}

/** Whether a version such as `1.2.0.dev0` is that of a release or later. */
export function isAtLeast(version: string, [major = 0, minor = 0]: number[]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/**
 * Sets up an isolated Spack. Its folder is as short as can be: binaries are not relocated to a longer path.
 * @param packages the packages whose recipes it sees; with all of them Spack makes indexes for a minute
 * first, unless an earlier test has kept them
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
  // Another process may have been quicker.
  await rename(fresh, warm).catch(() => rm(fresh, { recursive: true, force: true }));
}

/** Whether a folder has an index of all recipes: of few, which a test may have seen, Spack would believe that there are no more. */
function isIndexed(folder: string): boolean {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return files.some(
    (file) => /^builtin-.*\.json$/.test(file) && statSync(join(folder, file)).size > SMALLEST_INDEX,
  );
}

/** Where a Spack has builtin's recipes; one that has not fetched any takes those of another Spack here. */
export async function findRecipes(program: string): Promise<string | undefined> {
  for (const candidate of [program, ...findSpacks().map((other) => other.program)]) {
    const found = recipes.get(candidate) ?? (await askRecipes(candidate));
    recipes.set(candidate, found);
    if (found !== '') return found;
  }
  return undefined;
}

/** Folders of recipes by the Spack that has them; empty for one that has none. */
const recipes = new Map<string, string>();

async function askRecipes(program: string): Promise<string> {
  const { stdout } = await runProgram(program, ['location', '--repo', 'builtin'], process.env);
  return existsSync(stdout.trim()) ? stdout.trim() : '';
}

/** Makes a package repository of some of builtin's recipes, by symbolic links; returns its path. */
async function linkRecipes(program: string, folder: string, packages: string[]): Promise<string> {
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
