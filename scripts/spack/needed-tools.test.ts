import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { expectTools } from './needed-tools.ts';

test('names everything at once that a slim image lacks, and is content with either compiler', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tools-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const add = (...names: string[]): void => names.forEach((name) => writeFileSync(join(folder, name), ''));
  const check = (): void => expectTools({ PATH: `:${folder}`, SPACK_PYTHON: '/usr/bin/python3.9' });
  add('clang', 'tar', 'gzip', 'git', 'file');
  expect(check).toThrow(
    'this machine lacks what Spack needs to build: a C++ compiler, patch, bzip2, xz, unzip; install it',
  );
  add('g++', 'patch', 'bzip2', 'xz', 'unzip');
  expect(check).not.toThrow();
});
