import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { Matrix } from '../../../site/schemas/build-request.ts';
import { runProgram } from '../../world/run.ts';
import { findSpacks } from '../../world/spack.ts';
import { RECORDED_SPECS, RECIPES } from '../setting.ts';
import { Recording, RECORDING_FILE } from './recording.ts';

/** Runs choose, concretize and build with a real Spack, and records its answers. */
async function record(): Promise<void> {
  const [spack] = findSpacks();
  if (!spack) throw new Error('expected a real spack on PATH or in SPACK_ROOT, found none');
  const folder = mkdtempSync(join(tmpdir(), 'record-'));
  const heard = join(folder, 'heard.jsonl');
  mkdirSync(join(folder, 'bin'));
  const listen = join(import.meta.dirname, 'listen.ts');
  const wrapper = `#!/bin/sh\nexec '${process.execPath}' '${listen}' '${spack.program}' '${heard}' "$@"\n`;
  writeFileSync(join(folder, 'bin/spack'), wrapper, { mode: 0o755 });
  const environment = {
    PATH: [join(folder, 'bin'), process.env['PATH']].join(delimiter),
    HOME: process.env['HOME'],
    SPACK_INSTALLED: 'true',
    OWN_PACKAGES: resolve(RECIPES),
    CATALOG_DIR: join(folder, 'catalog'),
    REGISTRY: `oci-layout:${join(folder, 'registry')}`,
    SITE_URL: 'http://127.0.0.1:1/cache',
  };
  mkdirSync(environment.CATALOG_DIR);
  const run = async (verb: string, args: string[], more: Record<string, string> = {}): Promise<string> => {
    const script = resolve(`scripts/${verb}.ts`);
    const { code, output, stdout } = await runProgram(
      process.execPath,
      [script, ...args],
      { ...environment, ...more },
      folder,
    );
    if (code !== 0) throw new Error(`${verb} failed: ${output}`);
    return stdout;
  };
  try {
    const choice = ['--specs', RECORDED_SPECS, '--target', 'x86_64_v3'];
    const requests = await run('choose', ['manual', ...choice]);
    await run('concretize', ['--out', 'plans', '--home', 'home'], { REQUESTS: requests });
    const matrix = Matrix.parse(JSON.parse(readFileSync(join(folder, 'plans/matrix.json'), 'utf8')));
    for (const { index } of matrix.include) {
      await run('build', ['--plan', `plans/${index}`, '--out', `built-${index}`, '--home', 'home']);
    }
    const lines = readFileSync(heard, 'utf8').trim().split('\n');
    const answers = Recording.parse(lines.map((line): unknown => JSON.parse(line)));
    const unique = new Map(answers.toReversed().map((answer) => [answer.question, answer]));
    const sorted = [...unique.values()].sort((a, b) => (a.question < b.question ? -1 : 1));
    writeFileSync(RECORDING_FILE, `${JSON.stringify(sorted, null, 1)}\n`);
    console.error(`${sorted.length} answers recorded`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await record();
