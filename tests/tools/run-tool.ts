import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Time limit to fetch a tool, in milliseconds. */
const TIMEOUT_MS = 900_000;

/** Runs a non-interactive program and returns its standard output; throws with the end of its output. */
export async function runTool(
  program: string,
  args: string[],
  { cwd, env }: { cwd?: string; env?: Record<string, string> },
): Promise<string> {
  try {
    const { stdout } = await execute(program, args, {
      cwd,
      env: { ...process.env, ...env },
      timeout: TIMEOUT_MS,
      maxBuffer: 2 ** 26,
    });
    return stdout;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    const tail = said.split('\n').slice(-3).join(' ');
    throw new Error(`${program} ${args.join(' ')} failed: ${tail || String(error)}`, { cause: error });
  }
}
