import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { InstalledSpack } from './install-spack.ts';
import type { Recipes } from './recipes.ts';
import { type Spack, askSpack, lastLines, runSpack } from './run-spack.ts';
import { createSpackHome } from './spack-home.ts';
import type { ThisCache } from './this-cache.ts';
import { execFile } from 'node:child_process';
import { isMap, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml';
import { withTemporaryFolder } from '../cli/files.ts';

/** Setup of a Spack. */
export interface SpackSetup {
  installed: InstalledSpack;
  recipes: Recipes;
  cache: ThisCache;
  /** Spack's name of the microarchitecture. */
  microarchitecture: string;
  installRoot: string;
  /** Absent: nothing is installed to be published. */
  paddedLength?: number;
}

/**
 * Sets up a separate Spack in a folder, with a fixed target, a padded root, recipes, this cache as a mirror
 * with trusted keys, and the machine's compilers as the only externals (the C library comes with them).
 * Throws when this machine cannot run the builds.
 */
export async function openSpack(folder: string, setup: SpackSetup): Promise<Spack> {
  const { installed, recipes, cache, microarchitecture, installRoot, paddedLength } = setup;
  mkdirSync(folder, { recursive: true });
  const environment = createSpackHome(
    folder,
    {
      installRoot,
      paddedLength,
      microarchitecture,
      repositories: {
        ...recipes.repositories,
        ...(installed.builtin === undefined ? {} : { builtin: installed.builtin }),
      },
      mirrors: cache.mirrors,
    },
    process.env,
  );
  const spack = { program: installed.program, environment };
  await expectHost(spack, microarchitecture);
  await askSpack(spack, ['compiler', 'find', '--scope', 'user']);
  if (process.platform === 'linux') {
    await prepareCompilers(join(folder, 'config/packages.yaml'), environment, process.env['LD_LIBRARY_PATH']);
  }
  for (const key of cache.keys) await askSpack(spack, ['gpg', 'trust', resolve(key)]);
  return spack;
}

async function expectHost(spack: Spack, microarchitecture: string): Promise<void> {
  const script = join(import.meta.dirname, 'check-target.py');
  const { code, output, stdout } = await runSpack(spack, ['python', script, microarchitecture]);
  if (code !== 0) throw new Error(`Spack does not run here: ${lastLines(output, 3).join(' ')}`);
  const host = stdout.trim();
  if (host === '') return;
  throw new Error(
    `this machine is ${host}: it cannot concretize or build for ${microarchitecture}; expected a runner of that ` +
      'kind, so correct "runner" or "target" of that target in the settings',
  );
}

/** Path in a compiler's entry of `packages.yaml` of the folders that Spack puts in front of LD_LIBRARY_PATH. */
const LIBRARIES = ['extra_attributes', 'environment', 'prepend_path', 'LD_LIBRARY_PATH'];
/** Milliseconds. A program of one line takes a few dozen. */
const TIMEOUT_MS = 60_000;

/**
 * Makes the compilers that Spack found on a Linux machine work in its builds, and throws one sentence when none of
 * them does. Spack builds without LD_LIBRARY_PATH, but the assembler and linker of Red Hat's toolsets, as in the
 * manylinux images, do not start without it (https://github.com/spack/spack/issues/48267).
 * @param packagesFile the file that `spack compiler find` wrote
 * @param environment Spack's own
 */
export async function prepareCompilers(
  packagesFile: string,
  environment: Record<string, string>,
  libraryPath: string | undefined,
): Promise<void> {
  const earlierText = existsSync(packagesFile) ? readFileSync(packagesFile, 'utf8') : '';
  const text = addLibraryPath(earlierText, (libraryPath ?? '').split(delimiter).filter(existsSync));
  if (text !== earlierText) writeFileSync(packagesFile, text);
  const problems: string[] = [];
  // With no compiler here, another of Spack's scopes names one, or Spack reports it.
  for (const compiler of compilersOf(parseDocument(text))) {
    const problem = await tryCompiler(compiler, environment);
    if (problem === undefined) return;
    problems.push(problem);
  }
  if (problems.length === 0) return;
  throw new Error(
    `expected a compiler that makes a program, found none on this machine: ${problems.join('; ')}; repair it, or give this ` +
      'target another container in .github/build-cache.yaml, or none: remove its line "container"',
  );
}

/** Gives each compiler those folders that are in its own prefix; one of the system, in `/usr`, stays as it is. */
export function addLibraryPath(text: string, folders: readonly string[]): string {
  const document = parseDocument(text);
  let isChanged = false;
  for (const compiler of compilersOf(document)) {
    const prefix = String(compiler.get('prefix')).replace(/\/+$/, '');
    const own = folders.filter((folder) => folder.startsWith(`${prefix}/`));
    if (own.length === 0 || prefix === '/usr' || prefix === '' || compiler.hasIn(LIBRARIES)) continue;
    compiler.setIn(LIBRARIES, own.join(delimiter));
    isChanged = true;
  }
  return isChanged ? document.toString() : text;
}

function compilersOf(document: Document): YAMLMap[] {
  const packages = document.get('packages');
  if (!isMap(packages)) return [];
  return packages.items.flatMap(({ value }) => {
    const externals = isMap(value) ? value.get('externals') : undefined;
    const maps = isSeq(externals) ? externals.items.filter((item) => isMap(item)) : [];
    return maps.filter((external) => external.hasIn(['extra_attributes', 'compilers']));
  });
}

/** Says why a compiler makes no program of C; undefined when it does. */
async function tryCompiler(
  compiler: YAMLMap,
  environment: Record<string, string>,
): Promise<string | undefined> {
  const program = compiler.getIn(['extra_attributes', 'compilers', 'c']);
  if (typeof program !== 'string') return `${String(compiler.get('spec'))} has no compiler for C`;
  const libraries = compiler.getIn(LIBRARIES);
  const env = { ...environment, ...(typeof libraries === 'string' ? { LD_LIBRARY_PATH: libraries } : {}) };
  return withTemporaryFolder((folder) => {
    writeFileSync(join(folder, 'main.c'), 'int main(void) { return 0; }\n');
    const args = [join(folder, 'main.c'), '-o', join(folder, 'main')];
    return new Promise((settle) => {
      execFile(program, args, { env, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
        const message = lastLines(stdout + stderr, 2).join(' ');
        settle(error ? `${program}: ${message === '' ? error.message : message}` : undefined);
      });
    });
  });
}
