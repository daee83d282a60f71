import { execFileSync } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { findSolvers, findSpacks } from '../world/spack.ts';
import { openWorkbench, type Workbench } from './building.ts';

const MINUTES = 60_000;
/**
 * A checkout of spack-packages, to test another release than that of the local Spack:
 * `git clone --branch v2026.06.0 https://github.com/spack/spack-packages /tmp/recipes`.
 */
const RECIPES = process.env['SPACK_PACKAGES_ROOT'];
/** A mirror of sources (`_source-cache/archive/…`), for machines that cannot download them. */
const SOURCES = process.env['SPACK_SOURCES'];

/** Typical requests, concretized together, without Fortran, which a machine may lack. */
const TYPICAL = [
  ...['zlib-ng', 'bzip2', 'xz', 'sqlite', 'cmake', 'python', 'git', 'curl', 'lua', 'boost', 'hdf5~mpi'],
  ...['netcdf-c~mpi', 'ninja', 'py-pip', 'tmux'],
];
/**
 * Small packages to build from source: one C file, a Makefile, a configure script; without more downloads.
 */
const SMALL = ['bzip2@1.0.8', 'libsigsegv@2.14', 'lz4@1.10.0 build_system=makefile', 'tree@2.1.0'];
const TOOLS = ['diffutils@3.8', 'gmake@4.3'];

const Refreshed = z.object({ counts: z.record(z.string(), z.number()) });

for (const spack of process.env['FULL'] ? findSolvers() : []) {
  const recipes = RECIPES ?? recipesOf();
  const tag = execFileSync('git', ['-C', recipes, 'describe', '--tags'], { encoding: 'utf8' }).trim();

  describe(`Spack ${spack.version} with recipes ${tag}`, () => {
    let bench: Workbench;

    beforeAll(async () => {
      bench = await openWorkbench(spack, {
        OWN_PACKAGES: '',
        PACKAGES_VERSION: tag,
        SPACK_PACKAGES_ROOT: recipes,
        SPACK_PACKAGES_GIT_URL: recipes,
      });
      const folder = join(bench.folder, 'catalog/environments');
      await mkdir(folder);
      const externals = TOOLS.map((spec) => {
        const [name] = spec.split('@');
        return `    ${name}: { buildable: false, externals: [{ spec: ${spec}, prefix: /usr }] }`;
      });
      await writeFile(join(folder, 'typical.yaml'), `spack:\n  specs: ${JSON.stringify(TYPICAL)}\n`);
      const small = `spack:\n  specs: ${JSON.stringify(SMALL)}\n  packages:\n${externals.join('\n')}\n`;
      await writeFile(join(folder, 'small.yaml'), small);
      if (SOURCES !== undefined)
        await cp(SOURCES, join(bench.folder, 'home/build/sources'), { recursive: true });
    });

    afterAll(() => bench?.close());

    test(
      'builds and publishes compiled packages, and refresh judges all of them',
      { timeout: 30 * MINUTES },
      async () => {
        const { matrix } = await bench.solve(
          ['environment', '--environment', 'small', '--target', 'x86_64_v3'],
          'small',
        );
        expect(matrix.include).toHaveLength(1);
        const { record, output } = await bench.build('small/0', 'built');
        expect(record.failures, output).toEqual([]);
        const plan = (await readFile(join(bench.folder, 'small/0/plan.txt'), 'utf8')).trim().split('\n');
        expect(record.built.toSorted()).toEqual(plan);
        const published = await bench.run('publish', ['built/cache', '--allow', 'small/0/plan.txt'], {
          SIGNING_KEY: '',
        });
        expect(published.code, published.output).toBe(0);
        const refreshed = await bench.run('refresh', ['--packages', tag, '--json', '--home', 'home']);
        expect(refreshed.code, refreshed.output).toBe(0);
        const { counts } = Refreshed.parse(JSON.parse(refreshed.stdout));
        console.log(`${spack.version} ${tag}: ${plan.length} built, refresh: ${JSON.stringify(counts)}`);
        expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(plan.length);
        expect([counts['deprecated'], counts['removed']]).toEqual([0, 0]);
      },
    );

    // To concretize, Spack loads every recipe for its indexes: an unreadable one fails the test above.
    test('knows the names of all recipes', async () => {
      const { code, stdout, output } = await bench.spack(['list', '--format', 'name_only']);
      expect(code, output).toBe(0);
      expect(stdout.trim().split('\n').length).toBeGreaterThan(8_000);
    });

    test('concretizes and plans an environment of typical packages', { timeout: 30 * MINUTES }, async () => {
      const { outcome } = await bench.solve(
        ['environment', '--environment', 'typical', '--target', 'x86_64_v3'],
        'typical',
      );
      expect(outcome.output).toContain('1 have something to do, 0 have no solution');
      const plan = (await readFile(join(bench.folder, 'typical/0/plan.txt'), 'utf8')).trim().split('\n');
      expect(plan.length).toBeGreaterThan(40);
    });
  });
}

/** Folder of the local Spack's recipes. */
function recipesOf(): string {
  const [newest] = findSpacks();
  const found = execFileSync(newest?.program ?? '', ['location', '--repo', 'builtin'], { encoding: 'utf8' });
  return resolve(found.trim(), '../../..');
}
