import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { chooseManual } from '../../scripts/choose/choose.ts';
import { reportChoice } from '../../scripts/choose/report.ts';
import { gatherPlans } from '../../scripts/concretize/gather.ts';
import { setOutput } from '../../scripts/github/actions.ts';
import { handOnRun, wavesOf } from '../../scripts/waves/divide-run.ts';
import { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import { MAX_JOBS, MAX_WAVES, type MatrixEntry } from '../../site/schemas/build-request.ts';
import { listWorkflows, readWorkflow } from './workflows.ts';

/**
 * Compares the largest possible run with GitHub's limits: 256 jobs per matrix and 1 MB of outputs per job,
 * and with Linux's 128 KiB per environment variable, which passes outputs to scripts. Source:
 * https://docs.github.com/en/actions/reference/limits
 */

const MOST_OUTPUT_BYTES = 1_000_000;
const MOST_VARIABLE_BYTES = 131_072;
/** Levels of workflows that call each other, the first included; workflows that one file calls, with those that they call. */
const MOST_LEVELS = 4;
const MOST_CALLED = 20;
/** Number of nodes per spec, without externals. */
const NODES = 100;

const TARGETS = ['x86_64_v3', 'x86_64_v4', 'aarch64'].map((name) => ({
  name,
  runner: name === 'aarch64' ? 'ubuntu-24.04-arm' : 'ubuntu-24.04',
  container: `ghcr.io/some-organization/some-base-image@sha256:${'0'.repeat(64)}`,
}));
const settings = BuildCacheSettings.parse({ targets: TARGETS });

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'limits-'));
  vi.stubEnv('GITHUB_OUTPUT', join(folder, 'outputs'));
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(console, 'error').mockReturnValue();
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

test(`outputs of a run of ${MAX_JOBS} specs stay below GitHub's limits`, () => {
  const text = Array.from(
    { length: MAX_JOBS },
    (_, index) => `py-some-long-package-name-${index}@1.14.6 +mpi~shared build_type=Release %gcc@13.3.0`,
  ).join('\n');
  const flags = ['--fail-fast', '--show-log-on-error'];
  const choice = chooseManual(text, 'x86_64_v3', settings, { fresh: false, container: true, flags });
  reportChoice(choice, settings, { spack: 'v1.1.0', packages: 'v2025.11.0' });
  expect(choice.requests).toHaveLength(MAX_JOBS);
  expectWithinLimits();
});

test('one spec more than a matrix allows is refused before anything runs', () => {
  const text = Array.from({ length: MAX_JOBS + 1 }, (_, index) => `pkg${index}`).join('\n');
  expect(() => chooseManual(text, '', settings, { fresh: false, container: false, flags: [] })).toThrow(
    `expected at most ${MAX_JOBS} builds, GitHub's limit for one matrix, found ${MAX_JOBS + 1}`,
  );
});

test(`the matrix of ${MAX_JOBS} plans of ${NODES} nodes stays below GitHub's limits`, () => {
  for (const [place, target] of TARGETS.entries()) {
    const indices = Array.from({ length: MAX_JOBS }, (_, index) => index).filter(
      (index) => index % TARGETS.length === place,
    );
    solve(target, indices);
  }
  const { matrix, failures } = gatherPlans(join(folder, 'from'), join(folder, 'plans'));
  expect(matrix.include).toHaveLength(MAX_JOBS);
  expect(readFileSync(join(folder, `plans/${MAX_JOBS - 1}/plan.txt`), 'utf8').split('\n')).toHaveLength(
    NODES + 1,
  );
  setOutput('matrix', JSON.stringify(matrix));
  setOutput('failures', JSON.stringify(failures));
  expectWithinLimits();
});

test(`outputs of ${MAX_JOBS} jobs in ${MAX_WAVES} waves stay below GitHub's limits`, () => {
  const digest = createHash('sha256').digest('hex');
  const digests = { plan: digest, lock: digest, inputs: digest };
  const { name: target = '', ...machine } = TARGETS[2] ?? {};
  const jobs = Array.from({ length: MAX_JOBS }, (_, index): MatrixEntry => ({
    ...{ index, target, runner: '', container: '', ...machine, ...digests },
    wave: Math.floor((index * MAX_WAVES) / MAX_JOBS),
    lane: 'long',
  }));
  const divided = { jobs, requests: [], left: [], seconds: {}, hashesOf: new Map() };
  mkdirSync(join(folder, 'plans'));
  handOnRun(join(folder, 'plans'), { divided, waves: wavesOf(jobs), failures: [] });
  expectWithinLimits();
});

test('workflows call each other in few levels, and few of them', async () => {
  const called = new Map<string, string[]>();
  for (const name of listWorkflows()) {
    const { jobs } = await readWorkflow(name);
    const files = jobs.flatMap((job) => ('ref' in job ? [basename(job.ref.value)] : []));
    called.set(name, [...new Set(files)]);
  }
  const levelsOf = (name: string): number =>
    1 + Math.max(0, ...(called.get(name) ?? []).map((other) => levelsOf(other)));
  const reachedBy = (name: string): string[] =>
    (called.get(name) ?? []).flatMap((other) => [other, ...reachedBy(other)]);
  expect(levelsOf('manual.yml')).toBe(3);
  for (const name of called.keys()) {
    expect(levelsOf(name), name).toBeLessThanOrEqual(MOST_LEVELS);
    expect(new Set(reachedBy(name)).size, name).toBeLessThanOrEqual(MOST_CALLED);
  }
});

/** Compares the outputs for later jobs with the limits of a job and of a variable. */
function expectWithinLimits(): void {
  const outputs = readFileSync(join(folder, 'outputs'), 'utf8');
  // GitHub counts in UTF-16.
  expect(2 * outputs.length).toBeLessThan(MOST_OUTPUT_BYTES);
  const values = outputs.split(/^\S+<<end-\S+\n|\nend-\S+\n/m);
  expect(Math.max(...values.map((value) => Buffer.byteLength(value)))).toBeLessThan(MOST_VARIABLE_BYTES);
  // Proves that the test is meaningful: the largest value is large.
  expect(Math.max(...values.map((value) => value.length))).toBeGreaterThan(20_000);
}

/** Writes the files of concretize for one target. */
function solve({ name, runner, container }: (typeof TARGETS)[number], indices: number[]): void {
  const place = join(folder, `from/solved-${name}`);
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const include = indices.map((index) => {
    const plan = Array.from({ length: NODES }, (_, node) => sha256(`${index} ${node}`).slice(0, 32));
    mkdirSync(join(place, String(index)), { recursive: true });
    writeFileSync(join(place, String(index), 'plan.txt'), `${plan.join('\n')}\n`);
    const digests = { plan: sha256(plan.join()), lock: sha256(name), inputs: sha256(`${index}`) };
    return { index, target: name, runner, container, ...digests };
  });
  writeFileSync(join(place, 'matrix.json'), JSON.stringify({ include }));
  writeFileSync(join(place, 'failures.json'), '[]');
}
