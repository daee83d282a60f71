import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AlikeBuilds } from '../../site/schemas/checks/alike-builds.ts';
import { Reproduction } from '../../site/schemas/checks/reproduction.ts';
import { setClockAhead } from '../../scripts/build/machine.ts';
import { readCatalog } from '../../scripts/catalog/catalog.ts';
import { findSolvers, SOLVER_ADVICE } from '../world/spack.ts';
import { openWorkbench, type Workbench } from './building.ts';
import { ALL, writeRebuiltRecipes, type RebuiltRecipes } from './rebuilt-recipes.ts';

const MINUTES = 60_000;
const spacks = findSolvers();
const [spack] = spacks;
/** Value in challenge.yml. */
const DAYS_AHEAD = '398';
const hasClock = Object.keys(setClockAhead(Number(DAYS_AHEAD))).length > 0;

// The steps of challenge.yml in order.
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
      'rebuilds cached builds from source in another place, and records that they are reproducible',
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
        // Its dependencies came from the cache.
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

// The installer depends on the Spack version: it is new in 1.2.
describe.each(process.env['FULL'] === '1' && hasClock ? spacks : [])(
  'recipes that are built twice with Spack $version, the second time more than a year later by their clock',
  (spack) => {
    let bench: Workbench;
    let recipes: RebuiltRecipes;
    let own: string;

    beforeAll(async () => {
      own = await mkdtemp(join(tmpdir(), 'rebuilt-'));
      recipes = await writeRebuiltRecipes(own);
      bench = await openWorkbench(spack, { OWN_PACKAGES: own });
    });

    afterAll(async () => {
      await bench?.close();
      await rm(own, { recursive: true });
    });

    test(
      'clean ones are equal, and those that record a date differ by a time',
      async () => {
        await bench.solve(['manual', '--specs', ALL], 'plans');
        const { record } = await bench.build('plans/0', 'built');
        expect(record.failures).toEqual([]);
        const names = [...recipes.clean, ...recipes.dated];
        await rm(join(bench.folder, 'root'), { recursive: true });
        const again = await bench.run(
          'build',
          ['--plan', 'plans/0', '--out', 'again', '--home', 'other-home', '--days-ahead', DAYS_AHEAD],
          { TZ: 'Asia/Kathmandu' },
        );
        expect(again.code, again.output).toBe(0);
        const compared = await bench.run('challenge', ['built/cache', 'again/cache', '--json']);
        expect(compared.code, compared.output).toBe(0);
        const { differing } = Reproduction.parse(JSON.parse(compared.stdout));
        const found = differing
          .filter(({ name }) => names.includes(name))
          .map(({ name, causes }) => [name, causes]);
        expect(recipes.clean.length).toBeGreaterThanOrEqual(20);
        expect(Object.fromEntries(found)).toEqual(
          Object.fromEntries(recipes.dated.map((name) => [name, ['timestamp']])),
        );
      },
      30 * MINUTES,
    );
  },
);
