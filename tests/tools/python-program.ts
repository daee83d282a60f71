import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, TOOLS, TOOLS_BIN } from './path.ts';
import { runTool } from './run-tool.ts';

/**
 * Installs a program from PyPI into a separate environment.
 * @param requirement name and version: `zizmor==1.32.0`
 * @param program name of the program, if it differs from the package's
 */
export async function installPythonProgram(requirement: string, program?: string): Promise<void> {
  const [name = ''] = requirement.split('==');
  const folder = join(TOOLS, name);
  await mkdir(TOOLS_BIN, { recursive: true });
  await rm(folder, { recursive: true, force: true });
  await runTool(findProgram('python3') ?? 'python3', ['-m', 'venv', folder], {});
  await runTool(join(folder, 'bin/pip'), ['install', '--quiet', requirement], {});
  const command = program ?? name;
  await rm(join(TOOLS_BIN, command), { force: true });
  await symlink(join(folder, 'bin', command), join(TOOLS_BIN, command));
}
