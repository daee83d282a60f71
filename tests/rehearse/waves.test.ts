import { afterAll, expect, test } from 'vitest';
import { Build } from '../../site/schemas/build.ts';
import { Failure } from '../../site/schemas/failure.ts';
import { findSolvers } from '../world/spack.ts';
import { installFromSite } from './install-from-site.ts';
import { openRehearsal, type Rehearsal } from './rehearsal.ts';
import { BUILD_HERE, expectSuccess, readCatalogFile, RECIPES, SETTINGS } from './setting.ts';
import { writeStack } from './stack.ts';

const isRunnable = findSolvers().length > 0 && process.env['FULL'] === '1';
const opened: Rehearsal[] = [];

afterAll(() => Promise.all(opened.map((rehearsal) => rehearsal.close())));

test.runIf(isRunnable)(
  'long work is divided over waves: nothing is built twice, and what fails costs what needs it',
  async () => {
    const rehearsal = await openRehearsal({ repository: 'owner/waves', settings: SETTINGS });
    opened.push(rehearsal);
    const run = await rehearsal.run('manual', {
      name: 'workflow_dispatch',
      inputs: { specs: 'trial-app+loud fails-dependent trial-script', own: RECIPES, deploy: true },
      // So long that each would be worth a job of its own.
      env: { ...BUILD_HERE, UNKNOWN_BUILD_SECONDS: '14000' },
    });
    expectSuccess(run);
    expect(run.output).toMatch(/Wave 3\b.*Job succeeded/);
    const built = listBuilt(run.output);
    expect(built.length).toBeGreaterThan(5);
    expect(built).toEqual([...new Set(built)]);

    const dependent = Failure.parse(JSON.parse(readCatalogFile(rehearsal, 'failures/fails-dependent/')));
    expect(dependent.log.join()).toMatch(/not tried, since fails-compile@\S* did not build/);
    const app = Build.parse(JSON.parse(readCatalogFile(rehearsal, 'builds/trial-app/')));
    expect(await installFromSite(rehearsal, app.hash, 'trial-app', false)).toMatch(/hello/i);
  },
);

test.runIf(isRunnable)(
  'thirty packages in four waves, one of them failing and one job lost: nothing is built twice, and it ends by itself with all that can be built',
  async () => {
    const rehearsal = await openRehearsal({ repository: 'owner/stack', settings: SETTINGS });
    opened.push(rehearsal);
    const stack = writeStack();
    rehearsal.push(stack.files);
    // Of the second wave. A job that is red would end the whole run in act, which GitHub does not do.
    rehearsal.artifacts.lose('build-14-1');
    const request = {
      name: 'workflow_dispatch',
      inputs: { specs: stack.roots.join(' '), own: stack.own, deploy: true },
      // So long that each is worth a job of its own.
      env: { ...BUILD_HERE, UNKNOWN_BUILD_SECONDS: '3000' },
    } as const;

    const run = await rehearsal.run('manual', request);
    expectSuccess(run);
    expect(run.output).toMatch(/Wave 4\b.*Job succeeded/);
    expect(run.output).toMatch(/run 2 of the same begins/);
    // The first run; jobs of the second cannot reach this cache's site, which is not at its address here.
    const built = listBuilt(run.output.slice(0, run.output.indexOf('run 2 of the same begins')));
    expect(built.length).toBeGreaterThan(stack.size / 2);
    expect(built).toEqual([...new Set(built)]);
    expect(listHashes(rehearsal)).toHaveLength(stack.size - 2);
    expect(listFailures(rehearsal)).toEqual([stack.lost, stack.failing].sort());
  },
);

/** Beginnings of the hashes that Spack installed: it says so of what it builds, not of what it takes from a mirror. */
function listBuilt(output: string): string[] {
  return [...output.matchAll(/\b([a-z2-7]{7}) \S+@\S+: install$/gm)].map(([, hash = '']) => hash).sort();
}

/** Hashes of the catalog's builds. */
function listHashes({ git }: Rehearsal): string[] {
  const files = git('ls-tree', '-r', '--name-only', 'main', 'site/content/builds').trim().split('\n');
  return files.flatMap((file) => /([a-z2-7]{32})/.exec(file)?.[1] ?? []).sort();
}

/** Packages of the catalog's failures. */
function listFailures({ git }: Rehearsal): string[] {
  const files = git('ls-tree', '-r', '--name-only', 'main', 'site/content/failures').trim().split('\n');
  return [...new Set(files.map((file) => file.split('/')[3] ?? ''))].sort();
}
