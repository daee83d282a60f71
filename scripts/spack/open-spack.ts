import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { prepareCompilers } from './compilers.ts';
import type { InstalledSpack } from './install-spack.ts';
import type { Recipes } from './recipes.ts';
import { askSpack, lastLines, runSpack, type Spack } from './run-spack.ts';
import { createSpackHome } from './spack-home.ts';
import type { ThisCache } from './this-cache.ts';

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
