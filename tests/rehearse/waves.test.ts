import { afterAll, beforeAll, expect, test } from 'vitest';
import { Build } from '../../site/schemas/build.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { findSolvers } from '../world/spack.ts';
import { installFromSite } from './install-from-site.ts';
import { openRehearsal, type Rehearsal } from './rehearsal.ts';
import { BUILD_HERE, expectSuccess, readCatalogFile, RECIPES, SETTINGS } from './setting.ts';

const isRunnable = findSolvers().length > 0 && process.env['FULL'] === '1';
let rehearsal: Rehearsal;

beforeAll(async () => {
  if (isRunnable) rehearsal = await openRehearsal({ repository: 'owner/waves', settings: SETTINGS });
});

afterAll(() => rehearsal?.close());

test.runIf(isRunnable)(
  'long work is divided over waves: nothing is built twice, and what fails costs what needs it',
  async () => {
    const run = await rehearsal.run('manual', {
      name: 'workflow_dispatch',
      inputs: { specs: 'trial-app+loud fails-dependent trial-script', own: RECIPES, deploy: true },
      // So long that each would be worth a job of its own.
      env: { ...BUILD_HERE, UNKNOWN_BUILD_SECONDS: '14000' },
    });
    expectSuccess(run);
    expect(run.output).toMatch(/Wave 3\b.*Job succeeded/);
    // Spack says so of what it builds, not of what it takes from a mirror.
    const built = [...run.output.matchAll(/\b([a-z2-7]{7} \S+@\S+): install$/gm)].map(
      ([, spec = '']) => spec,
    );
    expect(built.length).toBeGreaterThan(5);
    expect(built.toSorted()).toEqual([...new Set(built)].sort());

    const dependent = Failure.parse(JSON.parse(readCatalogFile(rehearsal, 'failures/fails-dependent/')));
    expect(dependent.log.join()).toMatch(/not tried, since fails-compile@\S* did not build/);
    const app = Build.parse(JSON.parse(readCatalogFile(rehearsal, 'builds/trial-app/')));
    expect(await installFromSite(rehearsal.siteUrl, app.hash, 'trial-app', false)).toMatch(/hello/i);
  },
);
