import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

/** Top folder of the project. */
export const PROJECT = resolve(import.meta.dirname, '../..');

/** How a program ended. */
export interface Outcome {
  code: number;
  /** Standard output and standard error as they came. */
  output: string;
  stdout: string;
  stderr: string;
}

type Variables = Record<string, string | undefined>;

/** Runs a program with exactly this environment and collects what it says. */
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
 * Runs `node scripts/<verb>.ts` in a process of its own; never throws for its exit code.
 * @param env all that it gets besides what every program needs: no setting of this machine reaches it
 * @param cwd the project's folder unless told
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

/** The same; throws with what it said unless it succeeds. */
export async function runScript(...call: Parameters<typeof tryScript>): Promise<Outcome> {
  const outcome = await tryScript(...call);
  if (outcome.code !== 0) {
    throw new Error(`${call[0]} ended with exit code ${outcome.code}:\n${outcome.output}`);
  }
  return outcome;
}

/** What a script needs to start, and to start quickly: compiling it takes longer than most of them run. */
export function basicVariables(): Variables {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  return { PATH, HOME, ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }) };
}
