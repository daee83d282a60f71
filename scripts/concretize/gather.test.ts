import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectSameAttempt, gatherPlans } from './gather.ts';

const DIGEST = 'a'.repeat(64);
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gather-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('merges the plans of several targets', () => {
  solve('aarch64', [1]);
  solve('x86_64_v3', [0, 2], ['hdf5']);
  const { matrix, failures } = gatherPlans(join(folder, 'from'), join(folder, 'out'));
  expect(matrix.include.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(failures.map(({ name }) => name)).toEqual(['hdf5']);
  expect([0, 1, 2, 3].map((index) => existsSync(join(folder, 'out', String(index), 'plan.txt')))).toEqual([
    ...[true, true, true, false],
  ]);
});

test('is empty when everything is cached', () => {
  solve('a', []);
  expect(gatherPlans(join(folder, 'from'), join(folder, 'out'))).toEqual({
    matrix: { include: [] },
    failures: [],
  });
});

test('says that nothing was solved for any target', () => {
  expect(() => gatherPlans(join(folder, 'from'), join(folder, 'out'))).toThrow(
    /\/from: expected one folder per target, each as concretize wrote it, found none; /,
  );
});

test('refuses a duplicate request, and folders that concretize did not write', () => {
  solve('a', [0]);
  solve('b', [0]);
  expect(() => gatherPlans(join(folder, 'from'), join(folder, 'out'))).toThrow(
    /expected each request once, found 0 twice/,
  );
  mkdirSync(join(folder, 'from/other'));
  expect(() => gatherPlans(join(folder, 'from'), join(folder, 'out'))).toThrow(
    /found other without matrix\.json/,
  );
});

test('refuses plans that builds of an earlier attempt may have changed', () => {
  expectSameAttempt('2-8f3a', '2');
  expectSameAttempt('', undefined);
  expect(() => expectSameAttempt('1-8f3a', '2')).toThrow('choose "Re-run all jobs"');
});

test('refuses more than one job can pass to the next', () => {
  const longName = 'x'.repeat(300);
  solve('a', [...Array(256).keys()], [], longName);
  expect(() => gatherPlans(join(folder, 'from'), join(folder, 'out'))).toThrow(
    /expected at most 120000, as many as one job can pass to the next/,
  );
});

function solve(target: string, indices: number[], unsolved: string[] = [], container = ''): void {
  const place = join(folder, 'from', target);
  const entry = { target, runner: 'r', container, plan: DIGEST, lock: DIGEST, inputs: DIGEST };
  mkdirSync(place, { recursive: true });
  for (const index of indices) {
    mkdirSync(join(place, String(index)));
    writeFileSync(join(place, String(index), 'plan.txt'), '');
  }
  const failures = unsolved.map((spec) => ({ name: spec, spec, target, kind: 'concretize', log: [] }));
  writeFileSync(
    join(place, 'matrix.json'),
    JSON.stringify({ include: indices.map((index) => ({ index, ...entry })) }),
  );
  writeFileSync(join(place, 'failures.json'), JSON.stringify(failures));
}
