import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SolvedFailures } from '../../site/schemas/build-record.ts';
import { findSolvers, SOLVER_ADVICE } from '../world/spack.ts';
import { openWorkbench, type Workbench } from './building.ts';

const MINUTES = 60_000;
const [spack] = findSolvers();

// The rehearsal runs the same scripts in every test run; this tests their failures.
describe.skipIf(!spack || process.env['FULL'] !== '1')(
  `choose, concretize and build with a real Spack (without one: ${SOLVER_ADVICE}; npm run test:full)`,
  () => {
    let bench: Workbench;

    beforeAll(async () => {
      if (spack) bench = await openWorkbench(spack, { SECRET_OF_THE_JOB: 'do-not-tell' });
    });

    afterAll(() => bench?.close());

    const solve = (specs: string, name: string) => bench.solve(['manual', '--specs', specs], name);

    test(
      'concretizes each request, reports those without a solution, and builds exactly the plan',
      async () => {
        const { matrix } = await solve(
          'trial-app+loud\nno-such-package\nfails-dependent\nnever-ends',
          'plans',
        );
        expect(matrix.include.map(({ index, runner }) => [index, runner])).toEqual([
          [0, 'ubuntu-24.04'],
          [2, 'ubuntu-24.04'],
          [3, 'ubuntu-24.04'],
        ]);
        const [unsolved] = await bench.readJson('plans/failures.json', SolvedFailures);
        expect(unsolved).toMatchObject({ name: 'no-such-package', kind: 'concretize', target: 'x86_64_v3' });
        const plan = (await readFile(join(bench.folder, 'plans/0/plan.txt'), 'utf8')).trim().split('\n');

        const { record, output } = await bench.build(
          'plans/0',
          'built',
          '--inputs-sha256',
          matrix.include[0]?.inputs ?? '',
        );
        expect(output).not.toContain('do-not-tell');
        expect(record.failures).toEqual([]);
        expect(record.built.toSorted()).toEqual(plan);
        const app = record.packages.find(({ name }) => name === 'trial-app');
        expect(app).toMatchObject({ description: 'A small C program.', licenses: ['Apache-2.0 OR MIT'] });
        const root = Object.values(record.environments).find((one) => one['TRIAL_WORD'] !== undefined);
        expect(root?.['PATH']).toMatch(/\/root\/__spack_path_placeholder__\/.*trial-app-.*\/bin:/);
      },
      10 * MINUTES,
    );

    test('refuses a plan that was changed after it was concretized', async () => {
      await cp(join(bench.folder, 'plans/0'), join(bench.folder, 'changed'), { recursive: true });
      await writeFile(join(bench.folder, 'changed/plan.txt'), `${'a'.repeat(32)}\n`);
      const { code, output } = await bench.run('build', [
        '--plan',
        'changed',
        '--out',
        'refused',
        '--home',
        'home',
      ]);
      expect(code).toBe(1);
      expect(output).toMatch(/plan\.txt: expected sha256 .* it was changed since it was solved/);
      expect(existsSync(join(bench.folder, 'refused'))).toBe(false);
    });

    test(
      'uploads the successful builds of a failed job, with the reason of the failure',
      async () => {
        const { record } = await bench.build('plans/2', 'failed');
        expect(record.failures.find(({ name }) => name === 'fails-compile')).toMatchObject({
          kind: 'compile',
          phase: 'build',
        });
        expect(record.failures.find(({ name }) => name === 'fails-dependent')?.log).toEqual([
          expect.stringMatching(/^not tried: it needs fails-compile@.*, which did not build$/),
        ]);
        expect(record.failures).toHaveLength(2);
        expect(existsSync(join(bench.folder, 'failed/cache/v3/manifests/spec/trial-base'))).toBe(true);
      },
      5 * MINUTES,
    );

    test(
      'takes signed builds from this cache, and plans nothing when all are cached',
      async () => {
        const made = await bench.run('key', ['--out', 'signing-key.asc']);
        expect(made.code, made.output).toBe(0);
        const SIGNING_KEY = await readFile(join(bench.folder, 'signing-key.asc'), 'utf8');
        const published = await bench.run('publish', ['built/cache', '--allow', 'plans/0/plan.txt'], {
          SIGNING_KEY,
        });
        expect(published.code, published.output).toBe(0);
        await mkdir(join(bench.folder, 'dist'));
        await writeFile(join(bench.folder, 'dist/index.html'), '');
        const mirrored = await bench.run('mirror', ['--dist', 'dist']);
        expect(mirrored.code, mirrored.output).toBe(0);
        await rm(join(bench.folder, 'root'), { recursive: true });

        const { matrix, outcome } = await solve('trial-app+loud trial-app@1.1', 'more-plans');
        expect(outcome.output).toContain('as a mirror, signed');
        expect(matrix.include.map(({ index }) => index)).toEqual([1]);
        expect(
          (await readFile(join(bench.folder, 'more-plans/1/plan.txt'), 'utf8')).trim().split('\n'),
        ).toHaveLength(1);
        const { record } = await bench.build('more-plans/1', 'more-built');
        expect(record.failures).toEqual([]);
        expect(record.built).toHaveLength(1);
        expect(record.reused).toHaveLength(4);
      },
      10 * MINUTES,
    );

    test(
      'keeps the builds finished before the time ran out',
      async () => {
        const { record } = await bench.build('plans/3', 'endless-built', '--minutes', '0.5');
        expect(record.failures).toMatchObject([{ name: 'never-ends', kind: 'timeout', phase: 'install' }]);
        expect(record.failures[0]?.log.at(-1)).toBe('stopped after 0.5 minutes');
      },
      10 * MINUTES,
    );
  },
);
