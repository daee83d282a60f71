import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AlikeBuilds } from '../../site/schemas/checks/alike-builds.ts';
import { Reproduction } from '../../site/schemas/checks/reproduction.ts';
import { readCatalog } from '../../scripts/catalog/catalog.ts';
import { findSolvers, SOLVER_ADVICE } from '../world/spack.ts';
import { openWorkbench, type Workbench } from './building.ts';

const MINUTES = 60_000;
const [spack] = findSolvers();

// The steps of challenge.yml in their order.
describe.skipIf(!spack || process.env['FULL'] !== '1')(
  `a second build with a real Spack (without one: ${SOLVER_ADVICE}; npm run test:full)`,
  () => {
    let bench: Workbench;

    const step = async (script: string, args: string[], more?: Record<string, string>) => {
      const outcome = await bench.run(script, args, more);
      expect(outcome.code, outcome.output).toBe(0);
      return outcome.output;
    };

    beforeAll(async () => {
      if (!spack) return;
      bench = await openWorkbench(spack);
      await bench.solve(['manual', '--specs', 'trial-app+loud'], 'plans');
      await bench.build('plans/0', 'built');
      await step('publish', ['built/cache', '--allow', 'plans/0/plan.txt'], {
        SPACK_VERSION: spack.version,
        SPACK_PACKAGES_VERSION: 'installed',
        BUILD_TARGET: 'x86_64_v3',
      });
      await mkdir(join(bench.folder, 'dist'));
      await writeFile(join(bench.folder, 'dist/index.html'), '');
      await step('mirror', ['--dist', 'dist']);
      await rm(join(bench.folder, 'root'), { recursive: true });
    }, 10 * MINUTES);

    afterAll(() => bench?.close());

    test(
      'builds again from source what the cache has, elsewhere, and records that it came out alike',
      async () => {
        const catalog = join(bench.folder, 'catalog');
        const outputs = join(bench.folder, 'outputs');
        await step('rebuild', ['--builds', 'trial-app', '--out', 'again', '--home', 'fetched'], {
          GITHUB_OUTPUT: outputs,
        });
        expect(await readFile(outputs, 'utf8')).toContain('ubuntu-24.04');
        const app = [...readCatalog(catalog).builds.values()].find(({ name }) => name === 'trial-app');
        if (!app) throw new Error('expected a build of trial-app');
        expect(await readFile(join(bench.folder, 'again/0/plan.txt'), 'utf8')).toBe(`${app.hash}\n`);

        const output = await step(
          'build',
          ['--plan', 'again/0', '--out', 'again-built', '--home', 'other-home'],
          { TZ: 'Asia/Kathmandu' },
        );
        expect(output).toContain('as a mirror');
        // What it needs came from the cache.
        const record = JSON.parse(await readFile(join(bench.folder, 'again-built/record.json'), 'utf8')) as {
          built: string[];
          reused: string[];
        };
        expect(record.built).toEqual([app.hash]);
        expect(record.reused.length).toBeGreaterThan(0);

        await step('challenge', ['built/cache', 'again-built/cache', '--record'], { ONLY_HASHES: app.hash });
        const found = Reproduction.parse(
          JSON.parse(await readFile(join(catalog, 'checks/challenge.json'), 'utf8')),
        );
        expect(found).toMatchObject({ compared: 1, equal: 1, differing: [] });
        const alike = AlikeBuilds.parse(
          JSON.parse(await readFile(join(catalog, 'checks/alike.json'), 'utf8')),
        );
        expect(alike.builds).toMatchObject([{ name: 'trial-app', hash: app.hash, by: 2 }]);
      },
      10 * MINUTES,
    );
  },
);
