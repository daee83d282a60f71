import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { LockFile } from '../../site/schemas/lock-file.ts';
import { Node } from '../../site/schemas/node.ts';
import { shareSolvers } from './concretize.ts';
import { shortly } from './problem.ts';
import { findBuiltOnSplices, findWithoutLibrary, solveRequest } from './solve.ts';

const REQUEST = { index: 0, specs: [], environment: 'site', fresh: false, container: false, flags: [] };
const CONTEXT = {
  system: { microarchitecture: 'x86_64_v3', operatingSystem: 'debian12' },
  isCached: () => false,
  nodes: new Map(),
  versions: { spack: 'v1.1.0', packages: 'v2025.11.0', repositories: [] },
  target: { name: 'x86_64_v3', runner: 'ubuntu-24.04' },
  solvers: 3,
  onText: () => undefined,
};

const hash = (letter: string) => letter.repeat(32);
const node = (letter: string, needs: string[], more = {}) =>
  Node.parse({
    name: letter,
    version: '1',
    arch: { platform: 'linux', platform_os: 'debian12', target: 'zen3' },
    dependencies: needs.map((name) => ({
      name,
      hash: hash(name),
      parameters: { deptypes: ['link'], virtuals: [] },
    })),
    ...more,
    hash: hash(letter),
  });
const WHOLE = node('s', ['n'], { build_spec: { name: 's', hash: hash('b') } });
const KNOWN = new Map([WHOLE, node('n', [])].map((one) => [one.hash, { node: one, text: '' }]));

function find(spliced: Node, planned: string[]): string[] {
  const nodes = [node('u', ['s']), spliced, node('n', []), node('o', ['n'])];
  const lock: Pick<LockFile, 'concrete_specs'> = {
    concrete_specs: Object.fromEntries(nodes.map((one) => [one.hash, one])),
  };
  return findBuiltOnSplices(lock, planned.map(hash), KNOWN);
}

test('refuses to build on a spliced package, whether Spack has forgotten its build spec or not', () => {
  const sentence = expect.stringContaining(
    `built on a spliced package, found u on s/${hash('s')}: `,
  ) as string;
  expect(find(node('s', ['n']), ['u'])).toEqual([sentence]);
  expect(find(WHOLE, ['u'])).toEqual([sentence]);
});

test('accepts builds that need no spliced package, and those that are spliced themselves', () => {
  expect(find(node('s', ['n']), ['o'])).toEqual([]);
  expect(find(WHOLE, ['s', 'n', 'o'])).toEqual([]);
});

test('refuses what is compiled on Linux without a C library', () => {
  const edge = (name: string, virtuals: string[]) => ({
    ...{ name, hash: hash(name) },
    parameters: { deptypes: ['build'], virtuals },
  });
  const compiled = { dependencies: [edge('g', ['c', 'cxx'])] };
  const nodes = [
    node('a', [], compiled),
    node('m', [], { ...compiled, arch: { platform: 'darwin', platform_os: 'sequoia', target: 'm1' } }),
    node('w', [], { dependencies: [edge('g', ['c']), edge('l', ['libc'])] }),
    node('g', [], { version: '13.2' }),
  ];
  const lock = { concrete_specs: Object.fromEntries(nodes.map((one) => [one.hash, one])) };
  const planned = nodes.map((one) => one.hash);
  expect(findWithoutLibrary(lock, planned)).toEqual([
    expect.stringContaining('found none for a by g@13.2: ') as string,
  ]);
  expect(findWithoutLibrary(lock, planned.slice(1))).toEqual([]);
});

test.each([
  { requests: 1, processors: 16, atOnce: 4, each: 4 },
  { requests: 2, processors: 4, atOnce: 4, each: 2 },
  { requests: 3, processors: 4, atOnce: 4, each: 1 },
  { requests: 256, processors: 4, atOnce: 4, each: 1 },
  { requests: 1, processors: 2, atOnce: 2, each: 2 },
  { requests: 5, processors: 1, atOnce: 1, each: 1 },
])('$requests requests on $processors processors: $atOnce at once, $each solvers each', (row) => {
  const { requests, processors, ...shares } = row;
  expect(shareSolvers(requests, processors)).toEqual(shares);
});

// CExA's ddc requires target=aarch64: Spack 1.1.0 lists 31 reasons, none of them the target.
test.each([
  [
    { packages: { all: { require: ['target=aarch64', '~cuda'] } } },
    '"target=aarch64" in packages:all:require',
  ],
  [{ packages: { zlib: { require: 'target=zen4' } } }, '"target=zen4" in packages:zlib:require'],
  [{ specs: ['zlib target=zen4', 'hdf5 target=x86_64'] }, '"target=zen4" in specs'],
])('names the target that an environment without a solution requests: %j', async (section, found) => {
  const { problem } = await solveFailing(section);
  expect(shortly(problem)).toBe(
    `expected a target that x86_64_v3 can run, found ${found}: remove it, or add a target for that ` +
      'microarchitecture to the settings and build it for that one',
  );
  expect(problem).toContain("     1. cannot satisfy a requirement for package 'zlib'.");
});

test.each([
  { packages: { all: { require: 'target=x86_64_v2' } } },
  { packages: { all: { require: [{ any_of: ['target=aarch64', 'target=x86_64:'] }] } } },
  { packages: { all: { require: { spec: 'target=zen4', when: '%oneapi' } } } },
])('names no target that is possible, or not always required: %j', async (section) => {
  const { problem } = await solveFailing(section);
  expect(shortly(problem)).toBe("cannot satisfy a requirement for package 'zlib'.");
});

/** Solves an environment with a program that ends like Spack when nothing satisfies the requests. */
async function solveFailing(section: object): Promise<{ problem: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'solve-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const spack = { program: join(folder, 'spack'), environment: {} };
  const printed = [
    '==> Error: failed to concretize `zlib` for the following reasons:',
    "     1. cannot satisfy a requirement for package 'zlib'.",
  ];
  writeFileSync(spack.program, `#!/bin/sh\ncat <<'END'\n${printed.join('\n')}\nEND\nexit 1\n`, {
    mode: 0o755,
  });
  mkdirSync(join(folder, 'environments'));
  writeFileSync(
    join(folder, 'environments/site.yaml'),
    JSON.stringify({ spack: { specs: ['zlib'], ...section } }),
  );
  const solution = await solveRequest({ ...REQUEST, target: 'x86_64_v3' }, join(folder, 'plan'), {
    ...CONTEXT,
    spack,
    catalog: folder,
  });
  return { problem: 'problem' in solution ? solution.problem : [] };
}

test('reports all notes about an environment in one annotation, and passes the number of solvers to Spack', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'solve-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [program, catalog] = [join(folder, 'spack'), join(folder, 'catalog')];
  writeFileSync(program, `#!/bin/sh\nprintf '%s ' "$@" > ${join(folder, 'args')}\n`, { mode: 0o755 });
  mkdirSync(join(catalog, 'environments'), { recursive: true });
  const modules = Array.from({ length: 12 }, (_, at) => [
    `mpi-${at}`,
    { externals: [{ spec: `mpi-${at}@1`, prefix: '/nowhere' }], buildable: false },
  ]);
  const packages = { all: { compiler: ['gcc'] }, ...Object.fromEntries(modules) };
  const config = { install_tree: { root: '/home/me/store' } };
  writeFileSync(
    join(catalog, 'environments/site.yaml'),
    JSON.stringify({ spack: { specs: ['zlib'], packages, config } }),
  );
  vi.stubEnv('GITHUB_ACTIONS', 'true');
  onTestFinished(() => void vi.unstubAllEnvs());
  const said = vi.spyOn(console, 'error').mockReturnValue();
  onTestFinished(() => said.mockRestore());

  const spack = { program, environment: {} };
  await solveRequest({ ...REQUEST, target: 'x86_64_v3' }, join(folder, 'plan'), {
    ...CONTEXT,
    spack,
    catalog,
  });
  const annotations = said.mock.calls.flat().filter((line) => String(line).startsWith('::'));
  expect(annotations).toEqual([expect.stringMatching(/^::warning::environment site: .*%0A.*%0A/)]);
  expect(readFileSync(join(folder, 'args'), 'utf8')).toContain(' concretize --quiet -j 3 ');
});
