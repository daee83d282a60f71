import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, TOOLS, TOOLS_BIN } from './path.ts';
import { runTool } from './run-tool.ts';

const SCHEMATHESIS = 'schemathesis==4.32.5';

/** Installs Schemathesis from PyPI into a Python environment of its own. */
export async function installSchemathesis(): Promise<void> {
  const folder = join(TOOLS, 'schemathesis');
  const python = findProgram('python3') ?? 'python3';
  await rm(folder, { recursive: true, force: true });
  await runTool(python, ['-m', 'venv', folder], {});
  await runTool(join(folder, 'bin/pip'), ['install', '--quiet', SCHEMATHESIS], {});
  await mkdir(TOOLS_BIN, { recursive: true });
  const program = join(TOOLS_BIN, 'schemathesis');
  await rm(program, { force: true });
  await symlink(join(folder, 'bin/schemathesis'), program);
}
