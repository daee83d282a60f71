import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withTemporaryFolder } from '../../scripts/cli/files.ts';

const run = promisify(execFile);

/** Programs print a line for each build: more than Node keeps by default. */
const OUTPUT_LIMIT_BYTES = 100_000_000;

/** Runs a program and returns the seconds that it took, including its start. Throws when it fails. */
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

/** Runs the command after its first argument, the file for its resource usage, which Node does not report. */
const METER = `
import resource, subprocess, sys, time
started = time.monotonic()
code = subprocess.run(sys.argv[2:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
unit = 2**20 if sys.platform == "darwin" else 2**10
with open(sys.argv[1], "w") as file:
    file.write(f"{used.ru_utime + used.ru_stime} {time.monotonic() - started} {used.ru_maxrss / unit}")
sys.exit(code)
`;

/** Resource usage of a program and its child processes. */
export interface Used {
  cpuSeconds: number;
  wallSeconds: number;
  /** Memory of the largest process. */
  mebibytes: number;
}

/** Runs a program and measures it, including its start. Throws when it fails. */
export function measureProgram(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Used> {
  return withTemporaryFolder(async (folder) => {
    const file = join(folder, 'used');
    await run('python3', ['-c', METER, file, program, ...args], {
      env: { ...process.env, ...environment },
      maxBuffer: OUTPUT_LIMIT_BYTES,
    });
    const [cpuSeconds = NaN, wallSeconds = NaN, mebibytes = NaN] = (await readFile(file, 'utf8'))
      .split(' ')
      .map((text) => round(Number(text)));
    return { cpuSeconds, wallSeconds, mebibytes };
  });
}

/** Returns the median of several measurements by processor time. */
export async function median(times: number, measure: () => Promise<Used>): Promise<Used> {
  const all: Used[] = [];
  for (let time = 0; time < times; time += 1) all.push(await measure());
  const middle = all.sort((a, b) => a.cpuSeconds - b.cpuSeconds)[Math.floor(times / 2)];
  if (!middle) throw new Error('expected at least one measurement');
  return middle;
}

/** Rounds to two decimal places, which is already more than the noise allows. */
export function round(figure: number): number {
  return Math.round(figure * 100) / 100;
}
