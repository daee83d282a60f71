import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findSolvers, findSpacks } from '../world/spack.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'spack-'));
  vi.stubEnv('SPACK_ROOT', root);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

test('a Spack whose Python lacks clingo can install, but does not count as a solver', () => {
  write('99.1.0', 'exit 1');
  expect(versionsOf(findSpacks())).toContain('99.1.0');
  expect(versionsOf(findSolvers())).not.toContain('99.1.0');
});

test('a Spack whose Python has clingo counts as a solver', () => {
  write('99.2.0', 'exit 0');
  expect(versionsOf(findSolvers())).toContain('99.2.0');
});

/** Writes a Spack of a version whose `python -c` runs a command. */
function write(version: string, python: string): void {
  mkdirSync(join(root, 'bin'));
  const program = join(root, 'bin/spack');
  writeFileSync(program, `#!/bin/sh\n[ "$1" = python ] && ${python}\necho ${version}\n`);
  chmodSync(program, 0o755);
}

function versionsOf(spacks: { version: string }[]): string[] {
  return spacks.map(({ version }) => version);
}
