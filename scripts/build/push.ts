import { existsSync, mkdirSync, writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import glob from 'fast-glob';
import { z } from 'zod';
import type { DagHash } from '../../site/schemas/digest.ts';
import { lastLines, readAnswer, runSpack, type Spack } from '../spack/run-spack.ts';
import { VIEW_ARCHIVE } from '../receive/build-artifact.ts';

/** Hashes per command line, well below the limit of the system. */
const BATCH = 500;

interface PushedBuilds {
  /** Folder of the environment that they belong to. */
  environment: string;
  hashes: readonly DagHash[];
  /**
   * Whether specs of the environment are spliced: Spack's command omits their build specs from the spec
   * files.
   */
  hasSplices: boolean;
  folder: string;
}

/**
 * Writes the builds into an unsigned v3 build cache in a folder, without an index. Skips packages that may
 * not be redistributed or that Spack cannot pack.
 * @returns the hashes that the folder has afterwards
 */
export async function pushBuilds(
  spack: Spack,
  builds: PushedBuilds,
  onText: (text: string) => void,
): Promise<Set<DagHash>> {
  mkdirSync(builds.folder, { recursive: true });
  for (const command of commandsOf(builds)) {
    const { code, output } = await runSpack(spack, ['-e', builds.environment, ...command], { onText });
    if (code !== 0)
      console.error(`spack buildcache push ended with ${code}: ${lastLines(output, 3).join(' ')}`);
  }
  return listPushed(builds.folder);
}

function commandsOf({ environment, hashes, hasSplices, folder }: PushedBuilds): string[][] {
  if (hasSplices) {
    const list = `${environment}.push.txt`;
    writeFileSync(list, hashes.map((hash) => `${hash}\n`).join(''));
    return [['python', join(import.meta.dirname, '../spack/push.py'), folder, list]];
  }
  const push = ['buildcache', 'push', '--unsigned', '--only', 'package', folder];
  return Array.from({ length: Math.ceil(hashes.length / BATCH) }, (_, index) => [
    ...push,
    ...hashes.slice(index * BATCH, (index + 1) * BATCH).map((hash) => `/${hash}`),
  ]);
}

async function listPushed(folder: string): Promise<Set<DagHash>> {
  const manifests = join(folder, 'v3/manifests/spec');
  if (!existsSync(manifests)) return new Set();
  const files = await glob('*/*.spec.manifest.json', { cwd: manifests });
  return new Set(files.flatMap((file) => /-([a-z2-7]{32})\.spec\.manifest\.json$/.exec(file)?.[1] ?? []));
}

const execute = promisify(execFile);
/** Output of view.py. */
const MadeView = z.object({
  view: z.record(z.string(), z.string()).optional(),
  viewProblem: z.string().optional(),
});

/**
 * Has Spack create the view of an environment in `<install root>/view/<name>`, and packs it for the
 * container.
 * @returns the variables for using it, or why Spack cannot create one
 */
export async function packView(
  spack: Spack,
  environment: string,
  { name, installRoot, out }: { name: string; installRoot: string; out: string },
): Promise<z.infer<typeof MadeView>> {
  const folder = join(installRoot, 'view');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const file = join(out, 'view.json');
  const script = join(import.meta.dirname, '../spack/view.py');
  const { code, output } = await runSpack(spack, [
    '-e',
    environment,
    'python',
    script,
    join(folder, name),
    file,
  ]);
  const made =
    code === 0 ? readAnswer(file, 'view.py', MadeView) : { viewProblem: lastLines(output, 3).join(' ') };
  rmSync(file, { force: true });
  if (made.view) await execute('tar', ['-czf', join(out, VIEW_ARCHIVE), '-C', '/', folder.slice(1)]);
  else console.error(`no view of ${name}: ${made.viewProblem}`);
  return made;
}
