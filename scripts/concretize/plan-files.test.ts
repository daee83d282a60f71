import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestFile, digestFiles, readInputs } from './plan-files.ts';

function makePlan(): { folder: string; digest: string } {
  const folder = mkdtempSync(join(tmpdir(), 'inputs-'));
  for (const name of ['spack.yaml', 'spack.lock', 'plan.txt']) writeFileSync(join(folder, name), name);
  const inputs = {
    request: { index: 0, specs: ['zlib'], target: 'x86_64_v3', fresh: false, container: false, flags: [] },
    microarchitecture: 'x86_64_v3',
    spack: 'v1.1.0',
    packages: 'v2025.11.0',
    repositories: [],
    files: digestFiles(folder),
  };
  writeFileSync(join(folder, 'inputs.json'), JSON.stringify(inputs));
  return { folder, digest: digestFile(join(folder, 'inputs.json')) };
}

test('accepts unchanged files', () => {
  const { folder, digest } = makePlan();
  expect(readInputs(folder, digest).request.specs).toEqual(['zlib']);
  expect(readInputs(folder, '').spack).toBe('v1.1.0');
});

test.each(['spack.yaml', 'spack.lock', 'plan.txt', 'inputs.json'])('refuses a changed %s', (name) => {
  const { folder, digest } = makePlan();
  writeFileSync(join(folder, name), '{}');
  expect(() => readInputs(folder, digest)).toThrow(new RegExp(`${name}: expected sha256 \\w+, found \\w+`));
});

test('reports a missing folder', () => {
  expect(() => readInputs('no/such/folder', '')).toThrow('expected a folder that concretize wrote');
});
