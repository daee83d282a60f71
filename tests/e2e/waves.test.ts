import { appendFile, cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DividedRequests, Matrix } from '../../site/schemas/build-request.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { readCatalog } from '../../scripts/catalog/catalog.ts';
import { digestFile } from '../../scripts/concretize/digests.ts';
import { findSpacks, SPACK_ADVICE } from '../world/spack.ts';
import { openWorkbench } from './building.ts';
import type { Workbench } from './building.ts';

const MINUTES = 60_000;
const [spack] = findSpacks();

describe.skipIf(!spack || process.env['FULL'] !== '1')(
  `jobs in waves with a real Spack (without one: ${SPACK_ADVICE}; npm run test:full)`,
  () => {
    let bench: Workbench;

    beforeAll(async () => {
      if (spack) bench = await openWorkbench(spack);
    });

    afterAll(() => bench?.close());

    test(
      'what is shared is built once, and later jobs take it from earlier ones on other machines',
      async () => {
        const specs = 'trial-app+loud\ntrial-app\nfails-dependent';
        await bench.solve(['manual', '--specs', specs], 'solved/x86_64_v3');
        // Builds of an hour each are worth a job.
        await run('gather', ['--from', 'solved', '--out', 'plans', '--unknown-seconds', '3600']);
        const matrix = await bench.readJson('plans/matrix.json', Matrix);
        const divided = await bench.readJson('plans/divided.json', DividedRequests);
        expect(divided.requests).toHaveLength(3);
        const waves = Math.max(...matrix.include.map(({ wave = 0 }) => wave)) + 1;
        expect(waves).toBeGreaterThan(1);

        const built: string[] = [];
        let handed: string[] = [];
        for (let wave = 0; wave < waves; wave += 1) {
          if (wave > 0) {
            const before = handed.length > 0 ? ['--before', `handed-${wave - 1}`, ...handed.slice(2)] : [];
            await run('hand-on', [
              ...['--plans', 'plans', '--matrix', JSON.stringify(matrix), '--wave', String(wave + 1)],
              ...['--artifacts', 'artifacts', '--out', `handed-${wave}`, ...before],
            ]);
            const sha256 = digestFile(join(bench.folder, `handed-${wave}/handed-on.json`));
            handed = ['--earlier', `handed-${wave}`, '--earlier-sha256', sha256];
          }
          for (const { index, inputs } of matrix.include.filter((entry) => (entry.wave ?? 0) === wave)) {
            // Each job has a machine of its own.
            await rm(join(bench.folder, 'root'), { recursive: true, force: true });
            const out = `artifacts/build-${index}-1`;
            const { record } = await bench.build(`plans/${index}`, out, '--inputs-sha256', inputs, ...handed);
            built.push(...record.built);
          }
          handed = handed.map((word) => (word === '--earlier-sha256' ? '--before-sha256' : word));
        }
        expect(new Set(built).size).toBe(built.length);

        const digests = ['divided', 'failures'].flatMap((name) => [
          `--${name}`,
          digestFile(join(bench.folder, `plans/${name}.json`)),
        ]);
        await run('receive', [
          ...['--plans', 'plans', '--artifacts', 'artifacts', '--matrix', JSON.stringify(matrix), ...digests],
        ]);
        const names = [...readCatalog(join(bench.folder, 'catalog')).builds.values()].map(({ name }) => name);
        expect(names.sort()).toEqual(['trial-app', 'trial-app', 'trial-base', 'trial-tool']);
        const dependent = await readOnly('failures/fails-dependent', Failure);
        expect(dependent.log.join()).toMatch(/not tried, since .*fails-compile.* did not build/);
      },
      20 * MINUTES,
    );

    test('a build takes nothing that another job has replaced', async () => {
      const matrix = await bench.readJson('plans/matrix.json', Matrix);
      const entry = matrix.include.findLast(({ wave = 0 }) => wave === 1);
      if (!entry) throw new Error('expected a job of the second wave');
      const sha256 = digestFile(join(bench.folder, 'handed-1/handed-on.json'));
      await cp(join(bench.folder, 'handed-1'), join(bench.folder, 'replaced'), { recursive: true });
      const listing = JSON.parse(await readFile(join(bench.folder, 'replaced/handed-on.json'), 'utf8'));
      for (const files of Object.values<{ path: string }[]>(listing.builds))
        for (const { path } of files) await appendFile(join(bench.folder, 'replaced/cache', path), 'x');
      const args = ['--plan', `plans/${entry.index}`, '--out', 'refused', '--home', 'home'];
      const refused = await bench.run('build', [
        ...args,
        '--earlier',
        'replaced',
        '--earlier-sha256',
        sha256,
      ]);
      expect(refused.code).toBe(1);
      expect(refused.output).toMatch(/expected sha256 .* a build has replaced it/);
    });

    async function run(script: string, args: string[]): Promise<void> {
      const { code, output } = await bench.run(script, args);
      expect(code, output).toBe(0);
    }

    async function readOnly<T>(folder: string, schema: { parse(data: unknown): T }): Promise<T> {
      await mkdir(join(bench.folder, 'catalog', folder), { recursive: true });
      const { readdir } = await import('node:fs/promises');
      const [name = ''] = await readdir(join(bench.folder, 'catalog', folder));
      return bench.readJson(join('catalog', folder, name), schema);
    }
  },
);
