import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

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

/** Two digits behind the point are more than the noise allows. */
export function round(figure: number): number {
  return Math.round(figure * 100) / 100;
}
