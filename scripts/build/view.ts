import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { VIEW_ARCHIVE } from '../receive/build-artifact.ts';
import { lastLines, runSpack, type Spack } from '../spack/run-spack.ts';

const execute = promisify(execFile);
const Variables = z.record(z.string(), z.string());

/**
 * Lets Spack make the view of an environment in `<install root>/view/<name>`, and packs it for the container.
 * @returns the variables to use it with; undefined, and says why, when Spack can make none
 */
export async function packView(
  spack: Spack,
  environment: string,
  { name, installRoot, out }: { name: string; installRoot: string; out: string },
): Promise<Record<string, string> | undefined> {
  const folder = join(installRoot, 'view');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const viewFile = join(out, 'view.json');
  const commands = [
    ['env', 'view', 'enable', join(folder, name)],
    ['env', 'view', 'regenerate'],
    ['python', join(import.meta.dirname, '../spack/view.py'), viewFile],
  ];
  for (const command of commands) {
    const { code, output } = await runSpack(spack, ['-e', environment, ...command]);
    if (code === 0) continue;
    console.error(`no view of ${name}: ${lastLines(output, 3).join(' ')}`);
    return undefined;
  }
  const variables = Variables.parse(JSON.parse(readFileSync(viewFile, 'utf8')));
  rmSync(viewFile);
  await execute('tar', ['-czf', join(out, VIEW_ARCHIVE), '-C', '/', folder.slice(1)]);
  return variables;
}
