import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { explainBuild } from '../../scripts/coverage/why.ts';
import { findRecipes, findSolvers, openSpack, SOLVER_ADVICE, type SpackHome } from '../world/spack.ts';
import { openWorkbench, type Workbench } from './building.ts';
import { spack as runSpack } from './installing.ts';
import { writeRecipes } from './why-world.ts';

const MINUTES = 60_000;
// Spack 1.0 has no package classes that stand for GCC here.
const spacks = process.env['FULL'] ? findSolvers().filter(({ version }) => !version.startsWith('1.0')) : [];
/** Recipe of a GCC that is the system's, with its programs and libraries in its own prefix. */
const GCC = join(import.meta.dirname, '../fixtures/compiler/package.py');
const APP = 'trial-app+loud';

/** Hides all compilers of this machine from one program, and what they consist of. */
const WITHOUT_COMPILERS = `for folder in /usr/bin /usr/local/bin; do
  for file in $folder/*gcc* $folder/*g++* $folder/*clang* $folder/*cpp* $folder/*gfortran* $folder/cc $folder/c++ \\
    $folder/c[89]9* $folder/as $folder/ld $folder/ld.[bgl]* $folder/*-as $folder/*-ld*; do
    [ ! -f "$file" ] || mount --bind /dev/null "$(readlink -f "$file")" || exit 9
  done
done
for folder in /usr/lib/gcc /usr/libexec/gcc; do [ ! -d $folder ] || mount -t tmpfs none $folder || exit 9; done
exec "$@"`;

test.skipIf(spacks.length > 0)(
  `a compiler is built and installed by npm run test:full (${SOLVER_ADVICE})`,
  ({ skip }) => skip(),
);

describe.each(spacks)('a compiler that the cache has built, with Spack $version', (spack) => {
  let folder: string;
  let bench: Workbench;
  /** The settings that a consumer includes. */
  let settings: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'compiler-'));
    await writeRecipes(folder, (await findRecipes(spack.program)) ?? '', {});
    await copyFile(GCC, join(folder, 'r/spack_repo/builtin/packages/gcc/package.py'));
    await symlink(join(folder, 'r'), join(folder, 'repos'));
    bench = await openWorkbench(spack, { SPACK_PACKAGES_ROOT: folder });
    await mkdir(join(bench.folder, 'dist'));
    await writeFile(join(bench.folder, 'dist/index.html'), '');
    await run('key', ['--out', 'key.asc']);
    await publish('gcc@99.1.0', 'compiler', []);
    await publish(`${APP} %c=gcc@99.1.0`, 'app', ['gcc']);
    const recorded = join(bench.folder, 'catalog/mirrors');
    const files = await readdir(recorded);
    const texts = await Promise.all(files.map((name) => readFile(join(recorded, name), 'utf8')));
    settings = texts.find((text) => text.includes('%c=gcc@99.1.0') && !text.includes('view:')) ?? '';
    expect(settings).not.toBe('');
  }, 20 * MINUTES);

  afterAll(async () => {
    await bench?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function run(script: string, args: string[], env: Record<string, string> = {}): Promise<string> {
    const { code, output } = await bench.run(script, args, env);
    expect(code, output).toBe(0);
    return output;
  }

  /** Builds and publishes a spec, with builds of the cache for these of its dependencies, and deploys the site. */
  async function publish(spec: string, name: string, cached: string[]): Promise<void> {
    await bench.solve(['manual', '--specs', spec], name);
    const { record } = await bench.build(`${name}/0`, `built-${name}`);
    expect(record.failures).toEqual([]);
    for (const dependency of cached) {
      const [file = ''] = await readdir(join(bench.folder, 'catalog/builds', dependency));
      expect(record.reused).toContain(/[a-z2-7]{32}/.exec(file)?.[0]);
    }
    const SIGNING_KEY = await readFile(join(bench.folder, 'key.asc'), 'utf8');
    await run('publish', [`built-${name}/cache`, '--allow', `${name}/0/plan.txt`], {
      SIGNING_KEY,
    });
    await run('record-settings', []);
    await run('mirror', ['--dist', 'dist']);
    await rm(join(bench.folder, 'root'), { recursive: true });
  }

  /** A consumer with the same recipes. */
  async function openConsumer(program: string): Promise<SpackHome> {
    const home = await openSpack({ ...spack, program }, []);
    onTestFinished(home.close);
    const own = join(import.meta.dirname, '../fixtures/recipes/spack_repo/trial');
    const repos = { trial: own, builtin: join(folder, 'r/spack_repo/builtin') };
    await home.configure('repos.yaml', JSON.stringify({ 'repos:': repos }));
    return home;
  }

  async function include(home: SpackHome): Promise<void> {
    await home.configure('include.yaml', JSON.stringify({ include: [join(home.config, 'included.yaml')] }));
    await home.configure('included.yaml', settings);
  }

  async function expectRuns(home: SpackHome, spec: string, prints: string): Promise<void> {
    const { output } = await home.type(`"$(spack location -i ${spec})"/bin/trial-app`);
    expect(output).toBe(`${prints}\n`);
  }

  test(
    'is installed from it next to another compiler, and builds what the cache lacks',
    async () => {
      const home = await openConsumer(spack.program);
      await include(home);
      await runSpack(home, ['buildcache', 'keys', '--install', '--trust']);
      await runSpack(home, ['install', '--use-buildcache', 'only', 'gcc@99.1.0']);
      await runSpack(home, ['install', '--use-buildcache', 'only', APP]);
      await expectRuns(home, APP, '1.2 HELLO');
      await runSpack(home, ['install', 'trial-app~loud']);
      await expectRuns(home, 'trial-app~loud%c=gcc@99.1.0', '1.2 hello');
    },
    10 * MINUTES,
  );

  test(
    'is installed by a consumer without any compiler with the lines that why.ts prints, and then what it built',
    async () => {
      const program = join(folder, 'spack');
      const command = ['unshare', ...(process.getuid?.() === 0 ? [] : ['--map-root-user']), '--mount'];
      const script = `#!/bin/sh\nexec ${command.join(' ')} sh -c '${WITHOUT_COMPILERS}' - ${spack.program} "$@"\n`;
      await writeFile(program, script);
      await chmod(program, 0o755);
      const home = await openConsumer(program);
      const compiled = await home.run(['python', '-c', 'import os; os.execlp("cc", "cc", "--version")']);
      expect(compiled.output).toContain('PermissionError');
      const { code, output } = await home.run(['spec', APP]);
      expect([code, output]).toEqual([1, expect.stringContaining('no compiler configured')]);

      const kinds: string[] = [];
      for (;;) {
        const options = { cache: bench.siteUrl, spack: '', try: true };
        const { error, causes } = await explainBuild(APP, options, (args) => home.run(args));
        expect(error).toBe('');
        const [first] = causes;
        if (first === undefined || kinds.includes(first.kind)) break;
        kinds.push(first.kind);
        // The include has the mirror, too.
        if (first.kind === 'index') await include(home);
        else {
          const typed = await home.type(first.line);
          expect(typed.code, typed.output).toBe(0);
        }
      }
      expect(kinds).toEqual(['index', 'key', 'compiler']);
      await runSpack(home, ['install', '--use-buildcache', 'only', APP]);
      await expectRuns(home, APP, '1.2 HELLO');
    },
    10 * MINUTES,
  );
});
