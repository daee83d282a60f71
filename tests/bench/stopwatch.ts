import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);

/** Programs say a line for each build: more than Node keeps unless told. */
const OUTPUT_LIMIT_BYTES = 100_000_000;

/** Runs a program to its end, its start included, and returns the seconds it took. Throws when it fails. */
export async function timeProgram(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<number> {
  const started = performance.now();
  await run(program, [...args], {
    env: { ...process.env, ...environment },
    maxBuffer: OUTPUT_LIMIT_BYTES,
  });
  return round((performance.now() - started) / 1_000);
}

/** What a program of ours took, from its start to its end. */
export interface Cost {
  seconds: number;
  cpuSeconds: number;
  residentMegabytes: number;
}

const Reported = z.object({ cpuSeconds: z.number(), residentMegabytes: z.number() });

/** Runs a script to its end with the Node that runs this one. Throws when it fails. @param folder for its report */
export async function costOf(
  args: readonly string[],
  folder: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<Cost> {
  const file = join(folder, 'cost.json');
  const listener = join(import.meta.dirname, 'report-cost.ts');
  const seconds = await timeProgram(process.execPath, ['--import', listener, ...args], {
    ...environment,
    COST_FILE: file,
  });
  return { seconds, ...Reported.parse(JSON.parse(await readFile(file, 'utf8'))) };
}

/** Two digits behind the point are more than the noise allows. */
export function round(figure: number): number {
  return Math.round(figure * 100) / 100;
}
