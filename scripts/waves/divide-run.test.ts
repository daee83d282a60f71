import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Build } from '../../site/schemas/build.ts';
import {
  LANES,
  type BuildInputs,
  type BuildRequest,
  type MatrixEntry,
} from '../../site/schemas/build-request.ts';
import type { Failure } from '../../site/schemas/failure.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { walk } from '../../site/lib/spack/dag.ts';
import { kindOf } from '../../site/lib/times/build-times.ts';
import { splitObject } from '../../site/lib/spack/node-text.ts';
import { digestFile, digestFiles } from '../concretize/plan-files.ts';
import { planBuild } from '../concretize/plan.ts';
import { receiveDivided } from '../receive/receive-all.ts';
import { readPlanFolder, REQUESTS_FOLDER } from '../receive/plan-folder.ts';
import { divideRun, learnFrom, learnSizes, wavesOf, type DividedRun } from './divide-run.ts';
import { composeLock, trimLock } from './part-folder.ts';

const LOCK = readFileSync(
  join(import.meta.dirname, '../../tests/fixtures/real-nodes/x86_64_v3.lock.json'),
  'utf8',
);
const REAL = LockFile.parse(JSON.parse(LOCK));
const TEXTS = splitObject(splitObject(LOCK).get('concrete_specs') ?? '');
const needsOf = (hash: string) => (REAL.concrete_specs[hash]?.dependencies ?? []).map((one) => one.hash);

let folder: string;
/** Facts of a request that the records of its builds have. */
const REQUESTED = { release: 'v2026.06.0', byHand: true } as const;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'divide-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes the plan of a request for a root of the real lock, as concretize does. */
function solve(
  index: number,
  name: string,
  more: Partial<BuildRequest> = {},
  isCached: (hash: string) => boolean = () => false,
  spliced: string[] = [],
): MatrixEntry {
  const root = REAL.roots.find(({ spec }) => spec === name);
  if (!root) throw new Error(`the lock has no root ${name}`);
  const place = join(folder, String(index));
  mkdirSync(place, { recursive: true });
  const roots = [root];
  const whole = composeLock(LOCK, roots, walk([root.hash], needsOf), TEXTS);
  const text = spliced.reduce((lock, hash) => {
    const built = `"build_spec":{"name":"${name}","hash":"${needsOf(root.hash)[0]}"},"hash":"${hash}"`;
    return lock.replace(`"hash":"${hash}"}`, `${built}}`);
  }, whole);
  const { hashes } = planBuild(LockFile.parse(JSON.parse(text)), isCached);
  writeFileSync(join(place, 'spack.lock'), text);
  writeFileSync(
    join(place, 'spack.yaml'),
    more.environment ? 'spack:\n  specs: [x]\n  view: true\n' : '{}\n',
  );
  writeFileSync(join(place, 'plan.txt'), hashes.map((hash) => `${hash}\n`).join(''));
  const request = {
    index,
    specs: [name],
    target: 'x86_64_v3',
    fresh: false,
    container: false,
    flags: [],
    ...REQUESTED,
    ...more,
  };
  const inputs: BuildInputs = {
    request,
    microarchitecture: 'x86_64_v3',
    spack: 'v1.1.0',
    packages: 'abc',
    repositories: [],
    files: digestFiles(place),
  };
  writeFileSync(join(place, 'inputs.json'), JSON.stringify(inputs));
  const [plan = '', lock = '', given = ''] = ['plan.txt', 'spack.lock', 'inputs.json'].map((file) =>
    digestFile(join(place, file)),
  );
  return { index, target: request.target, runner: 'ubuntu-24.04', container: '', plan, lock, inputs: given };
}

function rootOf(spec: string): string {
  return REAL.roots.find((root) => root.spec === spec)?.hash ?? '';
}

function divide(entries: MatrixEntry[], unknownSeconds: number): DividedRun {
  return divideRun(folder, entries, { buildMinutes: 320, estimate: () => undefined, unknownSeconds });
}

/** Expects every node in exactly one job, and dependencies of a job in jobs that its wave has waited for. */
function expectSound({ jobs, left }: DividedRun): void {
  const from = new Map<string, number>();
  for (const entry of jobs) {
    const { hashes, inputs, nodes, roots } = readPlanFolder(folder, entry);
    expect(inputs.request).toMatchObject(REQUESTED);
    for (const hash of inputs.part?.earlier ?? [])
      expect(from.get(hash)).toBeLessThanOrEqual(entry.wave ?? 0);
    for (const hash of hashes) {
      expect(from.has(hash)).toBe(false);
      from.set(hash, (entry.wave ?? 0) + LANES[entry.lane ?? 'next']);
      expect(nodes.has(hash)).toBe(true);
    }
    if (inputs.part) expect(roots.map(({ hash }) => hash).sort()).toEqual([...inputs.part.asked].sort());
  }
  expect(left).toEqual([]);
}

test('a short request keeps its job unchanged', () => {
  const entry = solve(3, 'zlib-ng');
  const run = divide([entry], 10);
  expect(run).toMatchObject({ jobs: [entry], requests: [], left: [] });
});

test('a package that is known to take long does so until one was built, whatever builds alike', () => {
  const cmake = Object.values(REAL.concrete_specs).find(({ name }) => name === 'cmake');
  if (!cmake) throw new Error('the lock has no cmake');
  const neighbours = ['a', 'b', 'c'].map((name) => ({ ...kindOf(cmake), name, seconds: 40 }));
  const estimate = learnFrom(neighbours);
  expect(estimate(cmake)).toBe(900);
  expect(estimate({ ...cmake, name: 'd' })).toBe(40);
  expect(learnFrom([...neighbours, { ...kindOf(cmake), seconds: 500 }])(cmake)).toBe(500);
});

test('a package is as large as its largest build, and what does not fit on a disk is no short request', () => {
  const build = (name: string, installedSize: number) => ({ name, tarball: { installedSize } }) as Build;
  const estimateBytes = learnSizes([build('openmpi', 4e9), build('openmpi', 5e9), build('perl', 3e9)]);
  const options = { buildMinutes: 320, estimate: () => undefined, unknownSeconds: 10, estimateBytes };
  const run = divideRun(folder, [solve(0, 'openmpi')], options);
  expectSound(run);
  expect(run.jobs.length).toBeGreaterThan(1);
});

test('spliced specs are built by one job, after their build specs', () => {
  const root = rootOf('hdf5+fortran+mpi');
  const mpi = needsOf(root).find((hash) => REAL.concrete_specs[hash]?.name === 'openmpi') ?? '';
  const spliced = [root, mpi];
  const run = divide([solve(0, 'hdf5+fortran+mpi', {}, () => false, spliced)], 3_600);
  expectSound(run);
  const plans = run.jobs.map((entry) => ({ entry, ...readPlanFolder(folder, entry) }));
  const [made, ...more] = plans.filter(({ hashes }) => spliced.some((hash) => hashes.has(hash)));
  expect(more.length).toBe(0);
  expect([...(made?.hashes ?? [])]).toEqual(expect.arrayContaining(spliced));
  expect(made?.entry.wave).toBeGreaterThan(0);
  expect(made?.inputs.part?.earlier.length).toBeGreaterThan(0);
  expect(run.seconds[root]).toBe(3_600);
});

test('a request with spliced specs shares no job with another', () => {
  const entries = [solve(0, 'hdf5~mpi'), solve(1, 'hdf5~mpi', {}, () => false, [rootOf('hdf5~mpi')])];
  expect(divide(entries, 10).jobs).toEqual(entries);
});

test('short requests that share nothing keep a job each', () => {
  const shared = new Set(walk([REAL.roots[0]?.hash ?? ''], needsOf));
  const entries = [solve(0, 'zlib-ng'), solve(1, 'openblas', {}, (hash) => shared.has(hash))];
  expect(divide(entries, 10).jobs).toEqual(entries);
});

test('short requests that share something are one job', () => {
  const run = divide([solve(0, 'hdf5~mpi'), solve(1, 'openmpi')], 10);
  expect(run.jobs).toHaveLength(1);
  expect(run.requests.map(({ index }) => index)).toEqual([0, 1]);
  expectSound(run);
  const [job] = run.jobs;
  const plan = job && readPlanFolder(folder, job);
  expect(plan?.roots.map(({ spec }) => spec).sort()).toEqual(['hdf5~mpi', 'openmpi']);
});

test('work of up to half an hour stays one job, even if several would end earlier', () => {
  const names = ['hdf5~mpi', 'openmpi'];
  const divideAll = (seconds: number) => {
    const entries = names.map((name, index) => solve(index, name));
    return divide(entries, seconds);
  };
  const nodes = Object.keys(divideAll(1).seconds).length;
  rmSync(folder, { recursive: true });
  expect(divideAll(1_790 / nodes).jobs).toHaveLength(1);
  rmSync(folder, { recursive: true });
  expect(divideAll(1_810 / nodes).jobs.length).toBeGreaterThan(1);
});

test('long work is divided: each node once, each with its dependencies, its text verbatim', () => {
  const names = REAL.roots.map(({ spec }) => spec).slice(0, 30);
  const run = divide(
    names.map((name, index) => solve(index, name)),
    600,
  );
  expectSound(run);
  expect(wavesOf(run.jobs).length).toBeGreaterThan(2);
  for (const entry of run.jobs)
    for (const [hash, text] of readPlanFolder(folder, entry).texts) expect(text).toBe(TEXTS.get(hash));
  for (const entry of run.requests)
    expect(readPlanFolder(join(folder, REQUESTS_FOLDER), entry).roots).toHaveLength(1);
});

test('later waves do not wait for short requests that share nothing', () => {
  const shared = new Set(walk([REAL.roots[0]?.hash ?? ''], needsOf));
  const small = solve(0, 'openblas', {}, (hash) => shared.has(hash) || !hash.startsWith(rootOf('openblas')));
  const run = divide([small, solve(1, 'openmpi'), solve(2, 'hdf5~mpi')], 900);
  const [first] = wavesOf(run.jobs);
  expect(run.jobs.length).toBeGreaterThan(2);
  expect(first?.last.include.map(({ index }) => index)).toContain(0);
  expect(first?.next.include.map(({ index }) => index)).not.toContain(0);
});

test('an environment keeps its own configuration, without its view', () => {
  const run = divide([solve(0, 'openmpi', { environment: 'stack', specs: [] })], 900);
  expectSound(run);
  expect(run.jobs.length).toBeGreaterThan(1);
  for (const { index } of run.jobs) {
    const text = readFileSync(join(folder, String(index), 'spack.yaml'), 'utf8');
    expect(text).toBe('spack:\n  specs: [ x ]\n  view: false\n');
  }
});

test('a request that wants a container keeps its job while it is short', () => {
  const short = solve(0, 'openmpi', { container: true });
  expect(divide([short], 5).jobs).toEqual([short]);
  const run = divide([solve(0, 'openmpi', { container: true })], 900);
  expect(run.jobs.length).toBeGreaterThan(1);
  for (const entry of run.jobs) expect(readPlanFolder(folder, entry).inputs.request.container).toBe(false);
});

test('a plan that was changed is refused', () => {
  const entry = solve(0, 'openmpi');
  cpSync(join(folder, '0/spack.lock'), join(folder, '0/plan.txt'));
  expect(() => divide([entry], 900)).toThrow(/plan\.txt: expected the file that concretize wrote/);
});

test('specs that cannot be built are removed from the lock of a part', () => {
  const run = divide([solve(0, 'openmpi'), solve(1, 'hdf5~mpi')], 900);
  const last = run.jobs.findLast(({ wave = 0 }) => wave > 0);
  if (!last) throw new Error('expected a second wave');
  const { inputs, hashes, lockText } = readPlanFolder(folder, last);
  const earlier = inputs.part?.earlier ?? [];
  expect(trimLock(lockText, hashes, new Set())).toBe(lockText);
  expect(trimLock(lockText, hashes, new Set(earlier))).toBeUndefined();
  for (const missing of earlier) {
    const trimmed = trimLock(lockText, hashes, new Set([missing]));
    const lock = LockFile.parse(
      JSON.parse(
        trimmed ?? '{"_meta":{"lockfile-version":1,"specfile-version":1},"roots":[],"concrete_specs":{}}',
      ),
    );
    expect(Object.keys(lock.concrete_specs)).not.toContain(missing);
    const kept = [...hashes].filter((hash) => !walk([hash], needsOf).includes(missing));
    expect(Object.keys(lock.concrete_specs)).toEqual(expect.arrayContaining(kept));
  }
});

test('the next run excludes requests that can no longer be built, even if a part of them waits', () => {
  const { requests } = divide([solve(0, 'openmpi'), solve(1, 'hdf5~mpi')], 900);
  const others = new Set(walk([rootOf('hdf5~mpi')], needsOf));
  const hash = needsOf(rootOf('openmpi')).find(
    (one) => !others.has(one) && !REAL.concrete_specs[one]?.external,
  );
  const name = REAL.concrete_specs[hash ?? '']?.name ?? '';
  const date = '2026-11-29T00:00:00Z';
  const failed = new Map<string, Failure>([
    [hash ?? '', { name, spec: name, kind: 'compile', log: [], date }],
  ]);
  const receive = (catalog: string, failures: typeof failed) =>
    receiveDivided(
      { requests, left: [], seconds: {} },
      failures,
      { plans: folder, catalogDirectory: join(folder, catalog), changed: new Set() },
      { run: undefined, job: '1', date },
    );
  expect(receive('one', new Map()).specs).toEqual(['openmpi', 'hdf5~mpi']);
  const { failures, specs, waiting } = receive('two', failed);
  expect(failures).toMatchObject([{ name: 'openmpi', hash: rootOf('openmpi') }]);
  // Builds that only openmpi needs are no longer useful.
  expect(waiting.filter((one) => !others.has(one))).toEqual([]);
  expect(waiting).toContain(rootOf('hdf5~mpi'));
  expect(specs).toEqual(['hdf5~mpi']);
});
