import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { LockFile, SolvedEnvironment } from '../../site/schemas/lock-file.ts';
import { runProgram } from '../world/run.ts';
import { findSolvers, openSpack, SOLVER_ADVICE, type SpackHome } from '../world/spack.ts';
import { openWorkbench, type Workbench } from './building.ts';
import { addMirror, listBuilds, spack as runSpack } from './installing.ts';

const MINUTES = 60_000;
const [spack] = findSolvers();
/** Packages that replace each other: programs contain the path of their dependency. */
const SPLICES = join(import.meta.dirname, '../fixtures/splices');

function recipe(name: string, body: string): string {
  return `from spack_repo.builtin.build_systems.generic import Package
from spack.package import *


class ${name}(Package):
    """Nothing much."""

    has_code = False
${body.replaceAll(/^/gm, '    ')}

    def install(self, spec, prefix):
        mkdirp(prefix.bin)
`;
}

describe.skipIf(!spack || process.env['FULL'] !== '1')(
  `environments with a real Spack (without one: ${SOLVER_ADVICE}; npm run test:full)`,
  () => {
    let bench: Workbench;
    let own: string;
    let runs = 0;

    beforeAll(async () => {
      own = await mkdtemp(join(tmpdir(), 'own-'));
      if (spack) bench = await openWorkbench(spack, { OWN_PACKAGES: own });
      await mkdir(join(bench.folder, 'catalog/environments'));
    });

    afterAll(async () => {
      await bench?.close();
      await rm(own, { recursive: true, force: true });
    });

    async function writeRecipe(folder: string, text: string): Promise<void> {
      await mkdir(join(own, folder), { recursive: true });
      await writeFile(join(own, folder, 'package.py'), text);
    }

    async function copyRecipes(...folders: string[]): Promise<void> {
      for (const folder of folders) await cp(join(SPLICES, folder), join(own, folder), { recursive: true });
    }

    const writeEnvironment = (name: string, text: string) =>
      writeFile(join(bench.folder, 'catalog/environments', `${name}.yaml`), text);

    /** Chooses, concretizes, builds and receives one environment like a workflow. */
    async function run(name: string, ...more: string[]): Promise<string> {
      const plans = `plans-${(runs += 1)}`;
      const chosen = ['environment', '--environment', name, '--target', 'x86_64_v3', ...more];
      const { matrix, outcome } = await bench.solve(chosen, plans);
      let said = outcome.output;
      for (const { index } of matrix.include)
        said += (await bench.build(`${plans}/${index}`, `artifacts-${runs}/build-${index}-1`)).output;
      await mkdir(join(bench.folder, `artifacts-${runs}`), { recursive: true });
      const args = ['--plans', plans, '--artifacts', `artifacts-${runs}`, '--matrix', JSON.stringify(matrix)];
      const received = await bench.run('receive', args);
      expect(received.code, received.output).toBe(received.output.includes('nothing was built') ? 1 : 0);
      return said + received.output;
    }

    /** Creates the site with the mirror of the published builds. */
    async function makeSite(): Promise<void> {
      await mkdir(join(bench.folder, 'dist'), { recursive: true });
      await writeFile(join(bench.folder, 'dist/index.html'), '');
      const mirrored = await bench.run('mirror', ['--dist', 'dist']);
      expect(mirrored.code, mirrored.output).toBe(0);
    }

    async function rootOf(name: string): Promise<string> {
      const { roots } = await bench.readJson(`catalog/environments/${name}.lock.json`, LockFile);
      return roots[0]?.hash ?? '';
    }

    async function versions(name: string): Promise<string[]> {
      const lock = await bench.readJson(`catalog/environments/${name}.lock.json`, LockFile);
      return versionsOf(lock);
    }

    async function state(name: string): Promise<{ next: string[]; release: string | undefined }> {
      const file = `catalog/environments/${name}.solved.json`;
      const { next, targets } = await bench.readJson(file, SolvedEnvironment);
      return { next: next ? versionsOf(LockFile.parse(next)) : [], release: targets['x86_64_v3']?.release };
    }

    function versionsOf({ roots, concrete_specs: nodes }: LockFile): string[] {
      return roots.map(({ hash }) => `${nodes[hash]?.name}@${nodes[hash]?.version}`).sort();
    }

    test(
      'keep their lock until the builds of newer recipes exist, and then replace it',
      async () => {
        await writeRecipe('sure', recipe('Sure', 'version("1.0")'));
        await writeRecipe('shaky', recipe('Shaky', 'version("1.0")'));
        await writeEnvironment('course', 'spack:\n  specs: [sure, shaky]\n');
        await run('course', '--packages', 'v2025.11.0');
        expect(await versions('course')).toEqual(['shaky@1.0', 'sure@1.0']);
        expect(await state('course')).toEqual({ next: [], release: 'v2025.11.0' });

        // One release later one of the two fails to build.
        await writeRecipe('sure', recipe('Sure', 'version("2.0")\nversion("1.0")'));
        const fails = `version("2.0")\nversion("1.0")\n\ndef setup_build_environment(self, env):\n    raise InstallError("no")`;
        await writeRecipe('shaky', recipe('Shaky', fails));
        await run('course', '--packages', 'v2026.06.0', '--fresh', 'true');
        expect(await versions('course')).toEqual(['shaky@1.0', 'sure@1.0']);
        expect(await state('course')).toEqual({ next: ['shaky@2.0', 'sure@2.0'], release: 'v2026.06.0' });

        // The next run continues with the waiting builds and drops nothing.
        expect(await run('course', '--packages', 'v2026.06.0')).toMatch(/nothing was built.*\n.*shaky/);
        expect(await state('course')).toEqual({ next: ['shaky@2.0', 'sure@2.0'], release: 'v2026.06.0' });
        expect(await versions('course')).toEqual(['shaky@1.0', 'sure@1.0']);

        // Changes by the owner apply at once.
        await writeEnvironment('course', 'spack:\n  specs: [shaky]\n');
        await run('course', '--packages', 'v2026.06.0');
        expect(await versions('course')).toEqual(['shaky@1.0']);
        expect(await state('course')).toMatchObject({ next: [] });

        await writeRecipe('shaky', recipe('Shaky', 'version("3.0")\nversion("2.0")\nversion("1.0")'));
        await run('course', '--packages', 'v2026.10.0', '--fresh', 'true');
        expect(await versions('course')).toEqual(['shaky@3.0']);
        expect(await state('course')).toEqual({ next: [], release: 'v2026.10.0' });
        expect(existsSync(join(bench.folder, 'catalog/builds/sure'))).toBe(true);
        expect(await readFile(join(bench.folder, 'catalog/environments/course.yaml'), 'utf8')).toContain(
          'shaky',
        );
      },
      30 * MINUTES,
    );

    test(
      'are continued without failed specs, and without dependencies that only those need',
      async () => {
        const no = 'version("1.0")\n\ndef setup_build_environment(self, env):\n    raise InstallError("no")';
        await writeRecipe('helper', recipe('Helper', 'version("1.0")'));
        await writeRecipe('broken', recipe('Broken', no));
        await writeRecipe(
          'user',
          recipe('User', 'version("1.0")\ndepends_on("broken")\ndepends_on("helper")'),
        );
        await writeRecipe('free', recipe('Free', 'version("1.0")'));
        await writeEnvironment('chain', 'spack:\n  specs: [user, free]\n');
        const since = new Date().toISOString();
        await run('chain');
        const [failure = ''] = await readdir(join(bench.folder, 'catalog/failures/broken'));
        const failed = () => readFile(join(bench.folder, 'catalog/failures/broken', failure), 'utf8');
        const first = await failed();
        expect(JSON.parse(first)).toMatchObject({ name: 'broken' });

        // Simulates that time ran out before the others were built.
        for (const name of ['free', 'helper'])
          await rm(join(bench.folder, 'catalog/builds', name), { recursive: true });
        expect(await run('chain', '--since', since)).toContain('1 to build');
        expect(await readdir(join(bench.folder, 'catalog/builds/free'))).toHaveLength(1);
        expect(existsSync(join(bench.folder, 'catalog/builds/helper'))).toBe(false);
        expect(await failed()).toBe(first);
        expect(await versions('chain')).toEqual(['free@1.0', 'user@1.0']);
        expect(await run('chain', '--since', since)).toContain(
          'nothing to build: 3 builds failed in an earlier run, or are only needed by those',
        );

        // A run that does not continue another one tries failed specs again.
        await writeRecipe('broken', recipe('Broken', 'version("1.0")'));
        await run('chain');
        expect(existsSync(join(bench.folder, 'catalog/builds/broken'))).toBe(true);
      },
      30 * MINUTES,
    );

    test(
      'publish builds from another mirror of the environment, and report it',
      async () => {
        const needs =
          'version("1.0")\ndepends_on("elsewhere", type=("link", "run"))\ndepends_on("tool", type="build")';
        await writeRecipe('tool', recipe('Tool', 'version("1.0")'));
        await writeRecipe(
          'elsewhere',
          recipe('Elsewhere', 'version("2.0")\nversion("1.0")\ndepends_on("tool", type="build")'),
        );
        await writeRecipe('ours', recipe('Ours', needs));
        await writeEnvironment('other', 'spack:\n  specs: [elsewhere@1.0]\n');
        const { matrix } = await bench.solve(
          ['environment', '--environment', 'other', '--target', 'x86_64_v3'],
          'other',
        );
        await bench.build(`other/${matrix.include[0]?.index}`, 'other-built');
        const mirror = join(bench.folder, 'other-built/cache');
        const indexed = await bench.spack(['buildcache', 'update-index', mirror]);
        expect(indexed.code, indexed.output).toBe(0);
        await rm(join(bench.folder, 'root'), { recursive: true });

        const mirrors = `mirrors: {other: {url: "file://${mirror}", signed: false, binary: true}}`;
        await writeEnvironment('mine', `spack:\n  specs: [ours]\n  ${mirrors}\n`);
        const output = await run('mine');
        expect(output).toContain('environment mine: mirrors:other: matching binaries are taken from');
        // The older version was reused: it was not built here, and is no longer needed.
        const files = await readdir(join(bench.folder, 'catalog/builds/elsewhere'));
        expect(files).toEqual([expect.stringMatching(/^elsewhere-1\.0-/)]);
        expect(await readdir(join(bench.folder, 'catalog/builds/ours'))).toHaveLength(1);
        expect(output).toMatch(
          /2 binaries come from another mirror of the environment and are published here too: elsewhere\/\w+, tool\//,
        );
      },
      30 * MINUTES,
    );

    test(
      'build spliced specs and their build specs, publish both, and consumers install and run them',
      async () => {
        await copyRecipes('splice_word', 'splice_app');
        await writeEnvironment('words', 'spack:\n  specs: [splice-word@2.0]\n');
        await run('words');
        await makeSite();
        const word = await rootOf('words');

        // A machine without anything but the cache.
        await rm(join(bench.folder, 'root'), { recursive: true });
        const splice = `[{target: splice-word, replacement: splice-word/${word}, transitive: false}]`;
        await writeEnvironment(
          'spliced',
          `spack:\n  specs: [splice-app ^splice-word@1.0]\n  concretizer: {splice: {explicit: ${splice}}}\n`,
        );
        await run('spliced');
        const app = await rootOf('spliced');
        const { concrete_specs: nodes } = await bench.readJson(
          'catalog/environments/spliced.lock.json',
          LockFile,
        );
        const built = nodes[app]?.build_spec?.hash ?? '';
        const files = await readdir(join(bench.folder, 'catalog/builds/splice-app'));
        expect(files.sort()).toEqual([app, built].map((hash) => `splice-app-1.0-${hash}.json`).sort());
        await makeSite();

        const own = await bench.spack(['location', '--repo', 'own']);
        const consume = async (
          hash: string,
          said: string,
          install: (home: SpackHome) => Promise<unknown>,
        ): Promise<void> => {
          if (!spack) return;
          const home = await openSpack(spack, []);
          onTestFinished(home.close);
          await runSpack(home, ['repo', 'add', own.stdout.trim()]);
          await addMirror(home, 'cache', `file://${join(bench.folder, 'dist')}`, false);
          await install(home);
          const prefix = await runSpack(home, ['location', '--install-dir', `/${hash}`]);
          const { output } = await runProgram(join(prefix.trim(), 'bin/splice-app'), [], {});
          expect(output).toBe(said);
        };
        await consume(app, 'the word of 2.0\n', async (home) => {
          expect((await listBuilds(home)).join('\n')).toContain(app);
          await runSpack(home, ['install', '--cache-only', `/${app}`]);
        });
        // With the lock, Spack takes the binary of the build spec and rewires it.
        await consume(app, 'the word of 2.0\n', async (home) => {
          const folder = join(home.config, 'environment');
          await mkdir(folder);
          await cp(join(bench.folder, 'catalog/environments/spliced.lock.json'), join(folder, 'spack.lock'));
          await writeFile(
            join(folder, 'spack.yaml'),
            'spack:\n  specs: [splice-app ^splice-word@1.0]\n  view: false\n',
          );
          await runSpack(home, ['-e', folder, 'install', '--only-concrete', '--cache-only']);
        });

        // Automatic splicing: the app's build spec is in the cache.
        await rm(join(bench.folder, 'root'), { recursive: true });
        const settings = 'concretizer: {splice: {automatic: true}}';
        await writeEnvironment(
          'automatic',
          `spack:\n  specs: [splice-app ^splice-word@3.0]\n  ${settings}\n`,
        );
        await run('automatic');
        await makeSite();
        const third = await rootOf('automatic');
        expect(third).not.toBe(app);
        await consume(third, 'the word of 3.0\n', (home) =>
          runSpack(home, ['install', '--cache-only', `/${third}`]),
        );
        // Spack takes the spliced spec from the cache, whose index lacks its build spec.
        await copyRecipes('splice_user');
        await writeEnvironment('user', 'spack:\n  specs: [splice-user ^splice-word@2.0]\n');
        const user = ['environment', '--environment', 'user', '--target', 'x86_64_v3'];
        const { outcome } = await bench.solve(user, 'user');
        expect(outcome.output).toMatch(
          /expected nothing new to be built on a spliced package, found splice-user on splice-app\//,
        );
      },
      30 * MINUTES,
    );

    test(
      'splice another provider of an interface with its dependencies, two levels below the root',
      async () => {
        await copyRecipes('splice_word', 'splice_one', 'splice_two', 'splice_mid', 'splice_top');
        await writeEnvironment('two', 'spack:\n  specs: [splice-two]\n');
        await run('two');
        await makeSite();
        const two = await rootOf('two');
        await rm(join(bench.folder, 'root'), { recursive: true });
        const splice = `[{target: splice-interface, replacement: splice-two/${two}, transitive: true}]`;
        await writeEnvironment(
          'interface',
          `spack:\n  specs: [splice-top ^splice-one]\n  concretizer: {splice: {explicit: ${splice}}}\n`,
        );
        await run('interface');
        await makeSite();
        const top = await rootOf('interface');
        const own = await bench.spack(['location', '--repo', 'own']);
        if (!spack) return;
        const home = await openSpack(spack, []);
        onTestFinished(home.close);
        await runSpack(home, ['repo', 'add', own.stdout.trim()]);
        await addMirror(home, 'cache', `file://${join(bench.folder, 'dist')}`, false);
        await runSpack(home, ['install', '--cache-only', `/${top}`]);
        const prefix = await runSpack(home, ['location', '--install-dir', `/${top}`]);
        const { output } = await runProgram(join(prefix.trim(), 'bin/splice-top'), [], {});
        expect(output).toBe('two, after the word of 2.0\n');
      },
      30 * MINUTES,
    );
  },
);
