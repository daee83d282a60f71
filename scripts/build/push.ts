import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import glob from 'fast-glob';
import type { DagHash } from '../../site/schemas/digest.ts';
import { lastLines, runSpack } from '../spack/run-spack.ts';
import type { Spack } from '../spack/run-spack.ts';

/** So many hashes fit on a command line with room to spare. */
const BATCH = 500;

/**
 * Writes what was built here into an unsigned v3 build cache in a folder, without an index.
 * A package that may not be redistributed is left out, and so is one that Spack cannot pack; the rest goes on.
 * @returns the hashes that are in the folder then
 */
export async function pushBuilds(
  spack: Spack,
  environment: string,
  hashes: readonly DagHash[],
  folder: string,
  onText: (text: string) => void,
): Promise<Set<DagHash>> {
  mkdirSync(folder, { recursive: true });
  for (let start = 0; start < hashes.length; start += BATCH) {
    const batch = hashes.slice(start, start + BATCH).map((hash) => `/${hash}`);
    const args = [
      '-e',
      environment,
      'buildcache',
      'push',
      '--unsigned',
      '--only',
      'package',
      folder,
      ...batch,
    ];
    const { code, output } = await runSpack(spack, args, { onText });
    if (code !== 0)
      console.error(`spack buildcache push ended with ${code}: ${lastLines(output, 3).join(' ')}`);
  }
  return listPushed(folder);
}

/** The hashes that a build cache's folder has manifests of. */
async function listPushed(folder: string): Promise<Set<DagHash>> {
  const manifests = join(folder, 'v3/manifests/spec');
  if (!existsSync(manifests)) return new Set();
  const files = await glob('*/*.spec.manifest.json', { cwd: manifests });
  return new Set(files.flatMap((file) => /-([a-z2-7]{32})\.spec\.manifest\.json$/.exec(file)?.[1] ?? []));
}
