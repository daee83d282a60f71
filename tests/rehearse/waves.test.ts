import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeKey } from '../../scripts/signing/key.ts';
import { Build } from '../../site/schemas/build.ts';
import { Failure } from '../../site/schemas/failure.ts';
import type { Outcome } from '../world/run.ts';
import { findSolvers } from '../world/spack.ts';
import { installFromSite } from './install-from-site.ts';
import { openRehearsal, type Rehearsal } from './rehearsal.ts';
import { BUILD_HERE, expectSuccess, readCatalogFile, RECIPES, SETTINGS } from './setting.ts';
import { writeStack, type Stack } from './stack.ts';

const isRunnable = findSolvers().length > 0 && process.env['FULL'] === '1';
const opened: Rehearsal[] = [];

afterAll(() => Promise.all(opened.map((rehearsal) => rehearsal.close())));

test.runIf(isRunnable)(
  'long work is divided over waves: nothing is built twice, and a failure affects only its dependents',
  async () => {
    const rehearsal = await openRehearsal({ repository: 'owner/waves', settings: SETTINGS });
    opened.push(rehearsal);
    const run = await rehearsal.run('manual', {
      name: 'workflow_dispatch',
      inputs: { specs: 'trial-app+loud fails-dependent trial-script', own: RECIPES, deploy: true },
      // Long enough to make each build worth a separate job.
      env: { ...BUILD_HERE, UNKNOWN_BUILD_SECONDS: '14000' },
    });
    expectSuccess(run);
    expect(run.output).toMatch(/Wave 3\b.*Job succeeded/);
    const built = listBuilt(run.output);
    expect(built.length).toBeGreaterThan(5);
    expect(built).toEqual([...new Set(built)]);

    const dependent = Failure.parse(JSON.parse(readCatalogFile(rehearsal, 'failures/fails-dependent/')));
    expect(dependent.log.join()).toMatch(/not tried: it needs fails-compile@\S*, which did not build/);
    const app = Build.parse(JSON.parse(readCatalogFile(rehearsal, 'builds/trial-app/')));
    expect(await installFromSite(rehearsal, app.hash, 'trial-app', false)).toMatch(/hello/i);
  },
);

describe.runIf(isRunnable)('packages with shared dependencies, one of them failing', () => {
  const stack = writeStack();
  /** A job of the second wave. In act a failed job would end the whole run, unlike on GitHub. */
  const LOST_JOB = 5;
  let rehearsal: Rehearsal;
  let inWaves: Map<string, unknown>;
  let signingKey: string;

  beforeAll(async () => {
    ({ privateKey: signingKey } = await makeKey({ name: 'Rehearsal', date: new Date() }));
    rehearsal = await openStack(stack);
    rehearsal.artifacts.lose(`build-${LOST_JOB}-1`);
  });

  test('four waves, one job lost: only its builds are built twice, and everything possible is built in the end', async () => {
    // Long enough to make each build worth a separate job.
    const { output } = await build(rehearsal, { specs: stack.roots, seconds: '3000', signingKey });
    expect(output).toMatch(/Wave 4\b.*Job succeeded/);
    const next = output.indexOf('run 2 starts now');
    expect(next).toBeGreaterThan(0);
    const lost = listBuilt(linesOf(output.slice(0, next), `Build ${LOST_JOB} for `));
    expect(lost).toHaveLength(1);
    const built = listBuilt(output);
    expect(built.filter((hash, place) => built.indexOf(hash) !== place)).toEqual(lost);
    // Dependents of the failing package are not tried.
    expect(new Set(built).size).toBe(stack.size - 1);
    expect(listHashes(rehearsal)).toHaveLength(stack.size - 2);
    expect(listFailures(rehearsal)).toEqual([stack.lost, stack.failing].sort());
    inWaves = readWhatLasts(rehearsal, stack);
  });

  test('a single job gives the same catalog', async () => {
    const another = await openStack(stack);
    const { output } = await build(another, { specs: stack.roots, seconds: '10', signingKey });
    expect(output).toMatch(/1 builds planned in 1 waves/);
    expect(readWhatLasts(another, stack)).toEqual(inWaves);
  });

  test('another root with existing dependencies: only it is built', async () => {
    rehearsal.push(stack.more.files);
    const { more, lost } = stack;
    const specs = [...stack.roots.filter((root) => root !== lost), more.name];
    const { output } = await build(rehearsal, { specs, seconds: '3000', signingKey });
    // Spack checks the signatures of builds from there.
    expect(output).toContain(`using ${rehearsal.siteUrl} as a mirror, signed`);
    const { hash } = Build.parse(JSON.parse(readCatalogFile(rehearsal, `builds/${more.name}/`)));
    expect(listBuilt(output)).toEqual([`${more.name}/${hash.slice(0, 7)}`]);
  });
});

async function openStack({ files }: Stack): Promise<Rehearsal> {
  const rehearsal = await openRehearsal({ repository: 'owner/stack', settings: SETTINGS });
  opened.push(rehearsal);
  rehearsal.push(files);
  return rehearsal;
}

interface Wanted {
  specs: string[];
  /** Assumed time of each build. */
  seconds: string;
  signingKey: string;
}

async function build(rehearsal: Rehearsal, { specs, seconds, signingKey }: Wanted): Promise<Outcome> {
  const run = await rehearsal.run('manual', {
    name: 'workflow_dispatch',
    inputs: { specs: specs.join(' '), own: 'stack', deploy: true },
    secrets: { SIGNING_KEY: signingKey },
    env: { ...BUILD_HERE, UNKNOWN_BUILD_SECONDS: seconds },
  });
  expectSuccess(run);
  return run;
}

/** Reads the catalog without data that differs between runs. */
function readWhatLasts({ git }: Rehearsal, { lost }: Stack): Map<string, unknown> {
  const files = git('ls-tree', '-r', '--name-only', 'main', 'site/content')
    .trim()
    .split('\n')
    // Jobs describe packages from their recipes: in waves, no job loads the recipe of a package that is not
    // tried.
    .filter((file) => file !== `site/content/packages/${lost}.json`);
  return new Map(files.map((file): [string, unknown] => [file, lasting(file, git('show', `main:${file}`))]));
}

function lasting(file: string, text: string): unknown {
  if (file.startsWith('site/content/builds/')) {
    // A tarball depends on the times and the install root of its job, and its digest and size are in image
    // and manifest.
    // Origin, dates and build times differ between runs.
    const { name, version, hash, contents, tarball, image, origin } = Build.parse(JSON.parse(text));
    const { programs, libraries, glibc } = contents;
    return {
      ...{ name, version, hash, programs, libraries, glibc, files: tarball.files },
      ...{ tag: image.tag, runnable: image.runnable, target: origin.target, runner: origin.runner },
    };
  }
  if (file.startsWith('site/content/failures/')) {
    // A log has times and folders; for specs that were not tried it names the cause known to the job or to
    // Publish.
    const { name, spec, hash, target, kind, phase, line } = Failure.parse(JSON.parse(text));
    return { name, spec, hash, target, kind, phase, line };
  }
  return file.startsWith('site/content/manifests/') ? '' : text;
}

function linesOf(output: string, words: string): string {
  return output
    .split('\n')
    .filter((line) => line.includes(words))
    .join('\n');
}

/**
 * Lists builds that Spack started, as `name/hash`: it reports those that it builds, not binaries from a
 * mirror.
 */
function listBuilt(output: string): string[] {
  return [...output.matchAll(/\b([a-z2-7]{7}) (\S+)@\S+: install$/gm)]
    .map(([, hash, name]) => `${name}/${hash}`)
    .sort();
}

/** Lists the hashes of builds in the catalog. */
function listHashes({ git }: Rehearsal): string[] {
  const files = git('ls-tree', '-r', '--name-only', 'main', 'site/content/builds').trim().split('\n');
  return files.flatMap((file) => /([a-z2-7]{32})/.exec(file)?.[1] ?? []).sort();
}

/** Lists the packages of failures in the catalog. */
function listFailures({ git }: Rehearsal): string[] {
  const files = git('ls-tree', '-r', '--name-only', 'main', 'site/content/failures').trim().split('\n');
  return [...new Set(files.map((file) => file.split('/')[3] ?? ''))].sort();
}
