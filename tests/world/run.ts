import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

/** Top folder of the project. */
export const PROJECT = resolve(import.meta.dirname, '../..');

/** Result of a program. */
export interface Outcome {
  code: number;
  /** Standard output and standard error, interleaved. */
  output: string;
  stdout: string;
  stderr: string;
}

type Variables = Record<string, string | undefined>;

/** Runs a program with exactly this environment and collects its output. */
export function runProgram(program: string, args: string[], env: Variables, cwd?: string): Promise<Outcome> {
  const child = spawn(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const outcome: Outcome = { code: 1, output: '', stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      outcome.output += text;
      outcome[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...outcome, code: code ?? 1 }));
  });
}

/**
 * Runs `node scripts/<verb>.ts` in a separate process; never throws because of its exit code.
 * @param env its variables besides the basic ones: no other setting of this machine is passed on
 * @param cwd its working directory (default: the project's folder)
 */
export function tryScript(
  verb: string,
  args: string[],
  env: Variables = {},
  cwd = PROJECT,
): Promise<Outcome> {
  const script = resolve(PROJECT, `scripts/${verb}.ts`);
  return runProgram(process.execPath, [script, ...args], { ...basicVariables(), ...env }, cwd);
}

/** Like `tryScript`, but throws with the script's output unless it succeeds. */
export async function runScript(...call: Parameters<typeof tryScript>): Promise<Outcome> {
  const outcome = await tryScript(...call);
  if (outcome.code !== 0) {
    throw new Error(`${call[0]} ended with exit code ${outcome.code}:\n${outcome.output}`);
  }
  return outcome;
}

/**
 * Variables that a script needs to start, and to start quickly: most scripts take longer to compile than to
 * run.
 */
export function basicVariables(): Variables {
  const { PATH, HOME, TMPDIR, NODE_COMPILE_CACHE } = process.env;
  return { PATH, HOME, TMPDIR, ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }) };
}
