import { expect, test } from 'vitest';
import { parseRequests } from './concretize.ts';
import { ownProblem, shortly } from './problem.ts';
import { composeFailure, describeSolutions } from './report.ts';

const request = {
  index: 0,
  specs: ['builtin.py-numpy@1.26 +x'],
  target: 'x86_64_v3',
  fresh: false,
  container: false,
  flags: [],
};

test('records a request without a solution under its package', () => {
  const problem = ['==> Error: no such variant', '  details'];
  expect(composeFailure(request, problem)).toEqual({
    name: 'py-numpy',
    spec: 'builtin.py-numpy@1.26 +x',
    target: 'x86_64_v3',
    kind: 'concretize',
    log: problem,
  });
  expect(composeFailure({ ...request, specs: [], environment: 'stack' }, problem).name).toBe('stack');
  expect(composeFailure({ ...request, specs: ['/abc'] }, problem).name).toBe('unknown');
  expect(shortly(problem)).toBe('no such variant');
});

// From FluidNumerics' SELF on a machine without a Fortran compiler, with Spack 1.1.0.
test('reports the first reason when Spack lists several', () => {
  const problem = [
    '==> Error: failed to concretize `hdf5@1.14.3+fortran+mpi`, `openmpi@5.0.1` for the following reasons:',
    '     1. Only external, or concrete, compilers are allowed for the fortran language. You could consider setting ' +
      '`concretizer:unify` to `when_possible` or `false` to allow multiple versions of some packages.',
  ];
  const reason = 'Only external, or concrete, compilers are allowed for the fortran language';
  const advice = /; build that compiler first, as a spec of its own, or use an image or runner that has one/;
  expect(shortly(problem)).toMatch(new RegExp(`^${reason}${advice.source}`));
  expect(shortly([...problem, '     2. other'])).toMatch(/language \(and 1 more reason\); build that/);
  // From Collab4Sloth's SLOTH on a machine with GCC 12.
  const versions = [
    '==> Error: failed to concretize `hypre@3.1.0 %gcc@14` for the following reasons:',
    "     1. Cannot satisfy 'gcc@14' 2(12.2.0)",
    '     2. Only external, or concrete, compilers are allowed for the fortran language',
  ];
  expect(shortly(versions)).toMatch(
    /^Cannot satisfy 'gcc@14' \(found version 12\.2\.0\) \(and 1.*\); build that/,
  );
  expect(
    shortly([
      versions[0] ?? '',
      "     1. cannot satisfy a requirement for package 'curl'.",
      versions[2] ?? '',
    ]),
  ).toMatch(/'curl'\. \(and 1 more reason\)$/);
  // From ANT-MOC's antmoc-ci: mpich@=4.1.2%gcc~fortran.
  expect(shortly(["==> Error: No such variant {'fortran'} for spec: 'gcc~fortran'"])).toMatch(
    /'gcc~fortran'; since Spack 1\.0, .*: write the package's own variants before its "%"$/,
  );
  expect(shortly(["==> Error: No such variant {'x'} for spec: 'hdf5+x'"])).toMatch(/'hdf5\+x'$/);
  const warned = [
    "==> Warning: Error constructing repository '/cache/package_repos/zspsstf': Failed to clone repository fletch",
    '==> Error: Unknown namespace: fletch',
  ];
  expect(shortly(warned)).toBe('Unknown namespace: fletch (Failed to clone repository fletch)');
});

// From NERSC's stack of 2021 with Spack 1.2.0.dev0 and the recipes of June 2026.
test('reports the list of Spack, and not only its heading', () => {
  const problem = [
    '==> Error: The following input specs can only be satisfied by deprecated versions:',
    '    gcc@10.2.0, nvhpc@20.11',
    'Run with --deprecated to allow Spack to use these versions.',
  ];
  expect(shortly(problem)).toBe(
    'The following input specs can only be satisfied by deprecated versions: gcc@10.2.0, nvhpc@20.11',
  );
});

test('reports all of its own reasons, since the owner must fix each', () => {
  const problem = ownProblem([
    'develop (a) builds from a folder: remove it',
    'include_concrete (b): remove it',
  ]);
  expect(shortly(problem)).toBe(
    'develop (a) builds from a folder: remove it; and include_concrete (b): remove it',
  );
  expect(shortly(['Error: of a program', '==> Error: of Spack'])).toBe('of Spack');
});

test('lists in a table what will be built, and why the rest will not', () => {
  const entry = { index: 0, target: 'x86_64_v3', runner: 'u', container: '', plan: '', lock: '', inputs: '' };
  const table = describeSolutions([
    { request, plan: { hashes: ['a', 'b'], cached: ['c'] }, entry, lacksContainer: true, lacksLock: true },
    { request, plan: { hashes: [], cached: ['c'] }, entry, lacksContainer: false, lacksLock: false },
    { request, plan: { hashes: [], cached: ['c'] }, entry, lacksContainer: true, lacksLock: false },
    { request, plan: { hashes: [], cached: ['d', 'c'] }, entry, lacksContainer: false, lacksLock: true },
    { request, problem: ['==> Error: a|b <script>'] },
  ]);
  expect(table).toContain('2 to build, 1 cached');
  expect(table).toContain('nothing to build: all 1 are cached');
  expect(table).toContain('a container to create: all 1 are cached');
  expect(table).toContain('a new lock to record: all 2 are cached');
  expect(table).not.toMatch(/<script>|a\|b/);
});

test('refuses requests that choose did not print', () => {
  expect(parseRequests(JSON.stringify([request]), 'x')).toEqual([request]);
  expect(() => parseRequests('zlib', 'r.json')).toThrow('r.json: expected the JSON that choose printed');
  expect(() => parseRequests('[{"index":300}]', 'r.json')).toThrow(/^r\.json: /);
});
