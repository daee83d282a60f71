import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import send from 'send';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BuildRecord, SolvedFailures } from '../../site/schemas/build-record.ts';
import { Matrix } from '../../site/schemas/build-request.ts';
import { findSpacks, keepWarm, runProgram, SPACK_ADVICE, WARM_FOLDER } from '../spack.ts';
import type { Outcome } from '../spack.ts';

const MINUTES = 60_000;
const RECIPES = resolve(import.meta.dirname, '../fixtures/recipes');
const [spack] = findSpacks();

// The rehearsal runs the same scripts once in every test run; this takes them through their failures.
describe.skipIf(!spack || process.env['FULL'] !== '1')(
  `choose, concretize and build with a real Spack (without one: ${SPACK_ADVICE}; npm run test:full)`,
  () => {
    let folder = '';
    let warm = '';
    const variables: Record<string, string> = {};
    const server = createServer((request, response) => {
      void send(request, request.url ?? '/', { root: join(folder, 'dist') }).pipe(response);
    });

    beforeAll(async () => {
      if (!spack) return;
      // Short: binaries are not relocated to a longer path.
      folder = await mkdtemp('/tmp/');
      warm = join(WARM_FOLDER, spack.version);
      await mkdir(join(folder, 'home/cache'), { recursive: true });
      await mkdir(join(folder, 'catalog'));
      if (existsSync(warm)) {
        await cp(warm, join(folder, 'home/cache/cache'), { recursive: true, preserveTimestamps: true });
      }
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      const { port } = server.address() as AddressInfo;
      Object.assign(variables, {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        SPACK_INSTALLED: 'true',
        SPACK_ROOT: resolve(spack.program, '../..'),
        OWN_PACKAGES: RECIPES,
        INSTALL_ROOT: join(folder, 'root'),
        CATALOG_DIR: join(folder, 'catalog'),
        REGISTRY: `oci-layout:${join(folder, 'registry')}`,
        SITE_URL: `http://127.0.0.1:${port}`,
        SECRET_OF_THE_JOB: 'do-not-tell',
      });
    });

    afterAll(async () => {
      server.close();
      if (folder === '') return;
      await keepWarm(join(folder, 'home/cache/cache'), warm);
      await runProgram(
        'gpgconf',
        ['--homedir', join(folder, 'home/build/gpg'), '--kill', 'all'],
        variables,
      ).catch(() => 0);
      await runProgram(
        'gpgconf',
        ['--homedir', join(folder, 'home/solve-x86_64_v3/gpg'), '--kill', 'all'],
        variables,
      ).catch(() => 0);
      await rm(folder, { recursive: true, force: true });
    });

    function run(script: string, args: string[], more: Record<string, string> = {}): Promise<Outcome> {
      const env = { ...variables, ...more };
      return runProgram(process.execPath, [resolve(`scripts/${script}.ts`), ...args], env, folder);
    }

    async function solve(
      specs: string,
      name: string,
      flags = '',
    ): Promise<{ matrix: Matrix; outcome: Outcome }> {
      const chosen = await run('choose', ['manual', '--specs', specs, '--flags', flags]);
      expect(chosen.code, chosen.output).toBe(0);
      const outcome = await run('concretize', ['--out', name, '--home', 'home'], { REQUESTS: chosen.stdout });
      expect(outcome.code, outcome.output).toBe(0);
      return { matrix: await readJson(join(name, 'matrix.json'), Matrix), outcome };
    }

    async function build(
      plan: string,
      out: string,
      ...args: string[]
    ): Promise<{ record: BuildRecord; output: string }> {
      const { code, output } = await run('build', ['--plan', plan, '--out', out, '--home', 'home', ...args]);
      expect(code, output).toBe(0);
      return { record: await readJson(join(out, 'record.json'), BuildRecord), output };
    }

    async function readJson<T>(path: string, schema: { parse(data: unknown): T }): Promise<T> {
      return schema.parse(JSON.parse(await readFile(join(folder, path), 'utf8')));
    }

    test(
      'solves each request, tells what has no solution, and builds what the plan says and no more',
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
        const [unsolved] = await readJson('plans/failures.json', SolvedFailures);
        expect(unsolved).toMatchObject({ name: 'no-such-package', kind: 'concretize', target: 'x86_64_v3' });
        const plan = (await readFile(join(folder, 'plans/0/plan.txt'), 'utf8')).trim().split('\n');

        const { record, output } = await build(
          'plans/0',
          'handover',
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

    test('refuses a plan that was changed after it was solved', async () => {
      await cp(join(folder, 'plans/0'), join(folder, 'changed'), { recursive: true });
      await writeFile(join(folder, 'changed/plan.txt'), `${'a'.repeat(32)}\n`);
      const { code, output } = await run('build', [
        '--plan',
        'changed',
        '--out',
        'refused',
        '--home',
        'home',
      ]);
      expect(code).toBe(1);
      expect(output).toMatch(/plan\.txt: expected sha256 .* it was changed since it was solved/);
      expect(existsSync(join(folder, 'refused'))).toBe(false);
    });

    test(
      'hands over what succeeded of a build that fails, and tells why it did',
      async () => {
        const { record } = await build('plans/2', 'failed');
        expect(record.failures.find(({ name }) => name === 'fails-compile')).toMatchObject({
          kind: 'compile',
          phase: 'build',
        });
        expect(record.failures.find(({ name }) => name === 'fails-dependent')?.log).toEqual([
          'not tried, since a dependency did not build',
        ]);
        expect(record.failures).toHaveLength(2);
        expect(existsSync(join(folder, 'failed/cache/v3/manifests/spec/trial-base'))).toBe(true);
      },
      5 * MINUTES,
    );

    test(
      'takes from this cache, signed, what it has, and solves what is all there to nothing',
      async () => {
        const made = await run('key', ['--out', 'signing-key.asc']);
        expect(made.code, made.output).toBe(0);
        const SIGNING_KEY = await readFile(join(folder, 'signing-key.asc'), 'utf8');
        const published = await run('publish', ['handover/cache', '--plan', 'plans/0/plan.txt'], {
          SIGNING_KEY,
        });
        expect(published.code, published.output).toBe(0);
        await mkdir(join(folder, 'dist'));
        await writeFile(join(folder, 'dist/index.html'), '');
        const mirrored = await run('mirror', ['--dist', 'dist']);
        expect(mirrored.code, mirrored.output).toBe(0);
        await rm(join(folder, 'root'), { recursive: true });

        const { matrix, outcome } = await solve('trial-app+loud trial-app@1.1', 'more-plans');
        expect(outcome.output).toContain('as a mirror, signed');
        expect(matrix.include.map(({ index }) => index)).toEqual([1]);
        expect(
          (await readFile(join(folder, 'more-plans/1/plan.txt'), 'utf8')).trim().split('\n'),
        ).toHaveLength(1);
        const { record } = await build('more-plans/1', 'more-handover');
        expect(record.failures).toEqual([]);
        expect(record.built).toHaveLength(1);
        expect(record.reused).toHaveLength(4);
      },
      10 * MINUTES,
    );

    test(
      'keeps what was built until time ran out',
      async () => {
        const { record } = await build('plans/3', 'endless-handover', '--minutes', '0.5');
        expect(record.failures).toMatchObject([{ name: 'never-ends', kind: 'timeout', phase: 'install' }]);
        expect(record.failures[0]?.log.at(-1)).toBe('stopped after 0.5 minutes');
      },
      10 * MINUTES,
    );
  },
);
