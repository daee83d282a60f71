import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { Matrix } from '../../site/schemas/build-request.ts';
import { runProgram } from '../world/run.ts';
import { findSolvers, openSpack, SOLVER_ADVICE } from '../world/spack.ts';
import { openWorkbench, type Workbench } from './building.ts';
import { addMirror, spack as runSpack } from './installing.ts';

const MINUTES = 60_000;
const SPLICES = join(import.meta.dirname, '../fixtures/splices');
/** Build time that makes each build worth a separate job. */
const LONG = '14000';

const spacks = process.env['FULL'] === '1' ? findSolvers() : [];

test.skipIf(spacks.length > 0)(`splices are tried by npm run test:full (${SOLVER_ADVICE})`, ({ skip }) =>
  skip(),
);

describe.each(spacks)('with Spack $version', (spack) => {
  let bench: Workbench;
  let own: string;
  let runs = 0;

  beforeAll(async () => {
    own = await mkdtemp(join(tmpdir(), 'own-'));
    for (const one of await readdir(SPLICES))
      await cp(join(SPLICES, one), join(own, one), { recursive: true });
    bench = await openWorkbench(spack, { OWN_PACKAGES: own });
    await mkdir(join(bench.folder, 'catalog/environments'));
  });

  afterAll(async () => {
    await bench?.close();
    await rm(own, { recursive: true, force: true });
  });

  async function expectRun(script: string, args: string[], more = {}): Promise<string> {
    const { code, output } = await bench.run(script, args, more);
    expect(code, output).toBe(0);
    return output;
  }

  async function digest(file: string): Promise<string> {
    return createHash('sha256')
      .update(await readFile(join(bench.folder, file)))
      .digest('hex');
  }

  /**
   * Builds an environment in jobs and waves like a workflow, each on an empty machine; returns its root and
   * jobs.
   */
  async function run(
    name: string,
    yaml: string,
    seconds: string,
  ): Promise<{ root: string; jobs: Matrix['include'] }> {
    runs += 1;
    const [plans, artifacts] = [`plans-${runs}`, `artifacts-${runs}`];
    await writeFile(join(bench.folder, `catalog/environments/${name}.yaml`), yaml);
    const chosen = ['environment', '--environment', name, '--target', 'x86_64_v3'];
    await bench.solve(chosen, `solved-${runs}/x`);
    await expectRun('gather', ['--from', `solved-${runs}`, '--out', plans], {
      UNKNOWN_BUILD_SECONDS: seconds,
    });
    const { include } = await bench.readJson(`${plans}/matrix.json`, Matrix);
    const matrix = ['--plans', plans, '--matrix', JSON.stringify({ include }), '--artifacts', artifacts];
    await mkdir(join(bench.folder, artifacts));
    let before: string[] = [];
    let earlier: string[] = [];
    for (const { index, wave = 0 } of include) {
      if (wave > 0) {
        const out = `handed-on-${runs}-${index}`;
        await expectRun('hand-on', [...matrix, '--wave', String(wave + 1), '--out', out, ...before]);
        const sha256 = await digest(`${out}/handed-on.json`);
        before = ['--before', out, '--before-sha256', sha256];
        earlier = ['--earlier', out, '--earlier-sha256', sha256];
      }
      await rm(join(bench.folder, 'root'), { recursive: true, force: true });
      const built = await bench.build(`${plans}/${index}`, `${artifacts}/build-${index}-1`, ...earlier);
      expect(built.record.failures, built.output).toEqual([]);
    }
    await expectRun('receive', [...matrix, '--divided', await digest(`${plans}/divided.json`)]);
    await mkdir(join(bench.folder, 'dist'), { recursive: true });
    await writeFile(join(bench.folder, 'dist/index.html'), '');
    await expectRun('mirror', ['--dist', 'dist']);
    const lock = await bench.readJson(`catalog/environments/${name}.lock.json`, LockFile);
    return { root: lock.roots[0]?.hash ?? '', jobs: include };
  }

  test(
    'builds spliced specs and their build specs in waves, and a consumer installs and runs them',
    async () => {
      const { root: two } = await run('two', 'spack: {specs: [splice-two]}\n', '10');
      const splice = `[{target: splice-interface, replacement: splice-two/${two}, transitive: true}]`;
      const { root: top, jobs } = await run(
        'interface',
        `spack:\n  specs: [splice-top ^splice-one]\n  concretizer: {splice: {explicit: ${splice}}}\n`,
        LONG,
      );
      expect(jobs.map(({ wave }) => wave)).toEqual([0, 1, 2, 3]);
      for (const name of ['splice-top', 'splice-mid'])
        expect(await readdir(join(bench.folder, 'catalog/builds', name))).toHaveLength(2);
      const home = await openSpack(spack, []);
      onTestFinished(home.close);
      const repository = await bench.spack(['location', '--repo', 'own']);
      await runSpack(home, ['repo', 'add', repository.stdout.trim()]);
      await addMirror(home, 'cache', `file://${join(bench.folder, 'dist')}`, false);
      await runSpack(home, ['install', '--cache-only', `/${top}`]);
      const prefix = await runSpack(home, ['location', '--install-dir', `/${top}`]);
      const { output } = await runProgram(join(prefix.trim(), 'bin/splice-top'), [], {});
      expect(output).toBe('two, after the word of 2.0\n');
    },
    60 * MINUTES,
  );
});
