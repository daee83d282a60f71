import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { countTests, type Tally } from './report.ts';

/** Runs one check that counts as one test; shows its whole output when it fails. */
export async function runCheck(name: string, [program = '', ...args]: string[]): Promise<Tally> {
  const started = Date.now();
  let output = '';
  const code = await runStep(program, args, (text) => (output += text));
  const seconds = Math.round((Date.now() - started) / 1000);
  if (code !== 0) console.log(output.trimEnd());
  console.log(`${code === 0 ? 'passed' : 'FAILED'}: ${name} (${seconds} s)`);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/**
 * Runs several vitest projects together; shows the output as it arrives.
 * @param isQuiet shows the whole output at the end, since another step runs at the same time
 */
export async function runTests(projects: string[], { isQuiet = false } = {}): Promise<Tally> {
  const report = `.work/test-report-${projects.join('-')}.json`;
  await rm(report, { force: true });
  const args = ['run', '--config', 'tests/vitest.config.ts', '--passWithNoTests'];
  args.push(...projects.map((project) => `--project=${project}`));
  args.push('--reporter=default', '--reporter=json', `--outputFile.json=${report}`);
  let output = '';
  const keep = isQuiet ? (text: string): void => void (output += text) : undefined;
  const code = await runStep('node_modules/.bin/vitest', args, keep);
  if (isQuiet) console.log(output.trimEnd());
  try {
    return countTests(await readFile(report, 'utf8'), code);
  } catch (error) {
    console.log(`FAILED: ${projects.join(', ')} left no report (exit code ${code}): ${String(error)}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function runStep(program: string, args: string[], onOutput?: (text: string) => void): Promise<number> {
  const child = spawn(program, args, {
    stdio: ['ignore', onOutput ? 'pipe' : 'inherit', onOutput ? 'pipe' : 'inherit'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => onOutput?.(text));
  }
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.log(`${program}: ${error.message}`);
      resolve(1);
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
}
