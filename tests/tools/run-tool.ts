import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** The longest that fetching a tool may take, in milliseconds. */
const TIMEOUT_MS = 900_000;

/** Runs a program that asks nothing; throws with the last of what it said. Resolves to its standard output. */
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
