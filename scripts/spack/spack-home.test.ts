import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createSpackHome } from './spack-home.ts';

test.each([
  { programs: ['python3.6', 'python3.9', 'python3.12', 'python3.14'], chosen: 'python3.12' },
  { programs: ['python3', 'python3.12'], chosen: undefined },
  { programs: ['python3.14'], chosen: undefined },
])('runs Spack on $chosen where there are $programs', ({ programs, chosen }) => {
  const folder = mkdtempSync(join(tmpdir(), 'home-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const program of programs) writeFileSync(join(bin, program), '', { mode: 0o755 });
  const configuration = { installRoot: '/s', microarchitecture: 'zen3', repositories: {}, mirrors: {} };
  const pythonOf = (environment: Record<string, string>) =>
    createSpackHome(join(folder, 'home'), configuration, { PATH: `:${bin}`, ...environment })['SPACK_PYTHON'];
  expect(pythonOf({})).toBe(chosen && join(bin, chosen));
  expect(pythonOf({ SPACK_PYTHON: '/usr/bin/python3' })).toBe('/usr/bin/python3');
});
