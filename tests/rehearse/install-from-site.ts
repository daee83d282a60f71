import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { addMirror, spack } from '../e2e/installing.ts';
import { findSpacks, openSpack } from '../world/spack.ts';
import type { Rehearsal } from './rehearsal.ts';
import { FEW_RECIPES, RECIPES } from './setting.ts';

const PROJECT = resolve(import.meta.dirname, '../..');

/**
 * Installs a build as a user would who knows only the address: only from the cache, with a real Spack.
 * @param signed whether to check the signature with the cache's own key
 * @returns the output of the program of that name
 */
export async function installFromSite(
  { siteUrl, environment }: Pick<Rehearsal, 'siteUrl' | 'environment'>,
  hash: string,
  program: string,
  signed: boolean,
): Promise<string> {
  const [newest] = findSpacks();
  if (!newest) throw new Error('there is no Spack');
  const home = await openSpack(newest, FEW_RECIPES);
  try {
    await spack(home, ['repo', 'add', join(PROJECT, RECIPES, 'spack_repo/trial')]);
    await addMirror(home, 'rehearsed', siteUrl, signed);
    if (signed) await spack(home, ['buildcache', 'keys', '--install', '--trust'], environment);
    await spack(home, ['install', '--use-buildcache', 'only', `/${hash}`], environment);
    const prefix = (await home.run(['location', '--install-dir', `/${hash}`])).stdout.trim();
    return execFileSync(join(prefix, 'bin', program), { encoding: 'utf8' }).trim();
  } finally {
    await home.close();
  }
}
