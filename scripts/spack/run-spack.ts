import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { readJson, withTemporaryFolder } from '../cli/files.ts';

/** A Spack with its own configuration, caches and keys. */
export interface Spack {
  /** Path of `bin/spack`. */
  program: string;
  /** The complete environment that it runs with. */
  environment: Record<string, string>;
}

export interface RunOptions {
  /** Receives the output of both streams as it arrives. */
  onText?: (text: string) => void;
  /** Time after which Spack and all its child processes are interrupted. */
  timeLimitMs?: number;
}

export interface Outcome {
  code: number;
  /** Output of both streams until the time limit; only the end of very long output. */
  output: string;
  stdout: string;
  timedOut: boolean;
}

/** Number of characters of output to keep; all of it is shown. */
const MAX_OUTPUT = 2 ** 24;
/** Time that an interrupted Spack gets to clean up. */
const GRACE_MS = 20_000;

/**
 * Runs Spack to its end or to the time limit; never throws because of its exit code. Throws when this process
 * is told to stop meanwhile: Spack's output is not a result then.
 */
export async function runSpack(spack: Spack, args: string[], options: RunOptions = {}): Promise<Outcome> {
  const child = spawn(spack.program, args, {
    env: spack.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A separate process group, so that all processes of a build can be stopped.
    detached: true,
  });
  const stop = (signal: NodeJS.Signals) => endGroup(child.pid, signal);
  const interrupt = () => stop('SIGINT');
  let sentSignal: NodeJS.Signals | undefined;
  const forward = (signal: NodeJS.Signals) => {
    sentSignal = signal;
    interrupt();
  };
  process.on('SIGINT', forward).on('SIGTERM', forward);
  let timedOut = false;
  const limit = options.timeLimitMs === undefined ? undefined : Math.max(1, options.timeLimitMs);
  const timers: NodeJS.Timeout[] = [];
  if (limit !== undefined) {
    timers.push(
      setTimeout(() => {
        timedOut = true;
        interrupt();
      }, limit),
      setTimeout(() => stop('SIGKILL'), limit + GRACE_MS),
    );
  }
  let output = '';
  let stdout = '';
  const keep = (text: string) => {
    // Messages about the interruption are not failures.
    if (!timedOut) output = (output + text).slice(-MAX_OUTPUT);
    options.onText?.(text);
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout = (stdout + text).slice(-MAX_OUTPUT);
    keep(text);
  });
  child.stderr.setEncoding('utf8').on('data', keep);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve(status ?? 1));
      // A process that survives may hold the pipes open.
      child.once('exit', (status) => {
        if (timedOut || sentSignal !== undefined) setTimeout(() => resolve(status ?? 1), 1_000);
      });
    });
    if (sentSignal !== undefined) throw new Error(`stopped by ${sentSignal}; run it again`);
    return { code, output, stdout, timedOut };
  } finally {
    for (const timer of timers) clearTimeout(timer);
    if (timedOut || sentSignal !== undefined) stop('SIGKILL');
    process.removeListener('SIGINT', forward).removeListener('SIGTERM', forward);
  }
}

/** Runs Spack and returns its standard output; throws with its last lines when it fails. */
export async function askSpack(spack: Spack, args: string[]): Promise<string> {
  const { code, output, stdout } = await runSpack(spack, args);
  if (code === 0) return stdout;
  throw new Error(
    `spack ${args.slice(0, 3).join(' ')} ended with ${code}: ${lastLines(output, 5).join(' ')}`,
  );
}

/**
 * Runs a Python script of this folder with Spack. The script gets a file with the question, and writes its
 * answer to another one, as JSON.
 * @param flags options of Spack, such as `-e` and an environment
 */
export function askScript<T>(
  spack: Spack,
  script: string,
  question: string,
  schema: z.ZodType<T>,
  flags: string[] = [],
): Promise<T> {
  return withTemporaryFolder(async (folder) => {
    const [input, output] = [join(folder, 'question'), join(folder, 'answer.json')];
    writeFileSync(input, question);
    await askSpack(spack, [...flags, 'python', join(import.meta.dirname, script), input, output]);
    return readAnswer(output, script, schema);
  });
}

/** Reads the file that a Python script of this folder wrote. */
export function readAnswer<T>(file: string, script: string, schema: z.ZodType<T>): T {
  return readJson(file, schema, {
    expected: `the answer of ${script}`,
    advice: 'report it, with this version of Spack',
  });
}

/** Returns the last lines of a text that are not empty. */
export function lastLines(text: string, count: number): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-count);
}

function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has already ended.
  }
}
