import { expect, test } from 'vitest';
import type { GitHub } from '../github/api.ts';
import { continueList, decideContinuation, MAX_ROUNDS, startNextRun } from './continue-run.ts';
import { pace } from '../http/retry.ts';

pace.secondMs = 0.01;

test('continues while something waits and each run makes progress', () => {
  const decide = (round: number, waiting: number, published: number) =>
    decideContinuation({ round, waiting, published });
  expect(decide(0, 0, 5)).toMatchObject({ continues: false });
  expect(decide(0, 1, 5)).toEqual({
    continues: true,
    sentence: '1 build waits: run 2 starts now.',
  });
  expect(decide(3, 7, 0)).toMatchObject({ continues: false });
  expect(decide(3, 7, 0).sentence).toMatch(/this run built nothing new/);
  expect(decide(MAX_ROUNDS - 2, 7, 1)).toMatchObject({ continues: true });
  expect(decide(MAX_ROUNDS - 1, 7, 1).sentence).toMatch(/20 runs have followed each other/);
});

test('starts the next run once the site serves the builds of this one, with the same inputs', async () => {
  const calls: unknown[] = [];
  const github = {
    call: (route: string, parameters: unknown) => {
      calls.push([route, parameters]);
      return Promise.resolve(undefined);
    },
  } as unknown as GitHub;
  const answers = [false, false, true];
  const next = { workflow: 'environment.yml' as const, inputs: { environment: 'a b', target: '' } };
  const run = { round: 1, branch: 'main', next };
  await startNextRun(github, run, () => Promise.resolve(answers.shift() ?? true));
  expect(answers).toEqual([]);
  expect(calls).toEqual([
    [
      'POST /repos/{owner}/{repo}/actions/workflows/{workflow}/dispatches',
      { workflow: 'environment.yml', ref: 'main', inputs: { environment: 'a b', target: '', round: '2' } },
    ],
  ]);
});

test('continues a list with its waiting specs, with the same Spack and recipes', () => {
  const inputs = { target: 'v3', repos: '', own: '', flags: '--source', fresh: 'true', container: 'false' };
  const list = { specs: ['hdf5 +mpi', 'zlib'], inputs, spack: 'v1.1.0', packages: '0a1b' };
  expect(continueList(list)).toEqual({
    workflow: 'manual.yml',
    inputs: { ...inputs, specs: 'hdf5 +mpi\nzlib', spack: 'v1.1.0', packages: '0a1b' },
  });
  const long = Array.from({ length: 7_000 }, (_, index) => `package-${index}`);
  expect(() => continueList({ ...list, specs: long })).toThrow(/at most 60000 characters of specs/);
});
