import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ProcessEnvironment } from '../../site/schemas/settings.ts';

const execute = promisify(execFile);
const TIMEOUT_MS = 10 * 60_000;
/** The tags of spack-packages take about 100 kB; the list of a hundred thousand files some 10 MB. */
const MAX_OUTPUT_BYTES = 2 ** 26;

/**
 * Runs a git command in a folder. Its messages are English, and it never asks for a password.
 * @returns its output, without white space at the end
 */
export async function git(
  folder: string,
  args: readonly string[],
  { environment = process.env, timeoutMs = TIMEOUT_MS }: GitOptions = {},
): Promise<string> {
  const { stdout } = await execute('git', ['-C', folder, ...args], {
    env: { ...environment, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
    timeout: timeoutMs,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  return stdout.trimEnd();
}

/** Options of a git command. */
export interface GitOptions {
  environment?: ProcessEnvironment;
  /** Time limit in milliseconds. */
  timeoutMs?: number;
}

/** Whether a git command succeeds. */
export function gitSucceeds(folder: string, args: readonly string[]): Promise<boolean> {
  return git(folder, args).then(
    () => true,
    () => false,
  );
}
