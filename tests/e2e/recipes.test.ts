import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshnessText } from '../../site/lib/advisories/freshness.ts';
import { groupByRelease } from '../../site/lib/mirror/views.ts';
import { RecipeComparison } from '../../site/schemas/checks/recipe-comparison.ts';
import { Matrix } from '../../site/schemas/build-request.ts';
import { readCatalog } from '../../scripts/catalog/catalog.ts';
import { commitFiles, git, makeRepository, writeFiles } from '../world/git.ts';
import { findRecipes, findSpacks, SPACK_ADVICE } from '../world/spack.ts';
import { openWorkbench, type Workbench } from './building.ts';

const MINUTES = 60_000;
const [spack] = findSpacks();
/** Recipes that Spack needs to find a compiler; with their dependencies they would be half of all recipes. */
const COMPILER = ['compiler_wrapper', 'gcc', 'gcc_runtime', 'glibc'];
const LEAVE_OUT = 'def leave_out(*args, **keywords):\n    pass\n\n\n';
const PACKAGES = 'repos/spack_repo/builtin/packages';

/** A recipe without sources, with some lines of its own. */
function recipe(name: string, lines: string[], folder = 'bin'): string {
  return `from spack_repo.builtin.build_systems.generic import Package
from spack.package import *


class ${name}(Package):
    """Nothing much."""

    has_code = False
${lines.map((line) => `    ${line}\n`).join('')}
    def install(self, spec, prefix):
        mkdirp(prefix.${folder})
`;
}

describe.skipIf(!spack || process.env['FULL'] !== '1')(
  `builds and newer recipes with a real Spack (without one: ${SPACK_ADVICE}; npm run test:full)`,
  () => {
    let recipes: string;
    let bench: Workbench;
    let runs = 0;

    beforeAll(async () => {
      recipes = await mkdtemp(join(tmpdir(), 'recipes-'));
      const builtin = (spack && (await findRecipes(spack.program))) ?? '';
      const copy = join(recipes, PACKAGES, '..');
      for (const name of await readdir(builtin))
        if (name !== 'packages') await cp(join(builtin, name), join(copy, name), { recursive: true });
      for (const name of COMPILER) {
        const folder = join(recipes, PACKAGES, name);
        await cp(join(builtin, 'packages', name), folder, { recursive: true });
        const text = await readFile(join(folder, 'package.py'), 'utf8');
        const alone = text.replaceAll(/(?<!\.)\bdepends_on\(/g, 'leave_out(');
        writeFiles(folder, { 'package.py': LEAVE_OUT + alone });
      }
      makeRepository(recipes);
      git(recipes, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
      git(recipes, 'config', 'uploadpack.allowFilter', 'true');
      if (!spack) return;
      bench = await openWorkbench(spack, {
        SPACK_INSTALLED: '',
        OWN_PACKAGES: '',
        SPACK_VERSION: spack.version,
        SPACK_PACKAGES_GIT_URL: `file://${recipes}`,
      });
    });

    afterAll(async () => {
      await bench?.close();
      await rm(recipes, { recursive: true, force: true });
    });

    function release(tag: string, packages: Record<string, string>): void {
      const files = Object.entries(packages).map(([name, text]) => [`${PACKAGES}/${name}/package.py`, text]);
      commitFiles(recipes, Object.fromEntries(files) as Record<string, string>);
      git(recipes, 'tag', tag);
    }

    /** Chooses, concretizes, builds and receives specs like a workflow. */
    async function build(specs: string, tag: string): Promise<void> {
      const plans = `plans-${(runs += 1)}`;
      const versions = ['--packages', tag, '--spack', spack?.version ?? ''];
      const chosen = await bench.run('choose', [
        ...['manual', '--specs', specs, '--target', 'x86_64_v3', '--fresh', 'true'],
        ...versions,
      ]);
      expect(chosen.code, chosen.output).toBe(0);
      const solved = await bench.run('concretize', ['--out', plans, '--home', 'home', ...versions], {
        REQUESTS: chosen.stdout,
      });
      expect(solved.code, solved.output).toBe(0);
      const matrix = await bench.readJson(join(plans, 'matrix.json'), Matrix);
      expect(matrix.include, solved.output).not.toEqual([]);
      const artifacts = `artifacts-${runs}`;
      for (const { index } of matrix.include)
        await bench.build(`${plans}/${index}`, `${artifacts}/build-${index}-1`);
      const place = ['--plans', plans, '--artifacts', artifacts, '--matrix', JSON.stringify(matrix)];
      const received = await bench.run('receive', place);
      expect(received.code, received.output).toBe(0);
    }

    /** Compares with the newest release in one job, and records the result in another job without Spack. */
    async function compare(): Promise<void> {
      const versions = ['--packages', 'latest', '--spack', spack?.version ?? ''];
      const read = await bench.run('refresh', [...versions, '--home', 'home', '--record-to', 'recipes.json']);
      expect(read.code, read.output).toBe(0);
      const recorded = await bench.run('refresh', ['--record-from', 'recipes.json'], {
        SPACK_PACKAGES_GIT_URL: 'file:///nowhere',
        SPACK_ROOT: '/nowhere',
      });
      expect(recorded.code, recorded.output).toBe(0);
    }

    /** Statements of pages about each build. */
    async function sayAll(): Promise<string[]> {
      const { builds } = readCatalog(join(bench.folder, 'catalog'));
      const comparison = await bench.readJson('catalog/checks/recipes.json', RecipeComparison);
      return [...builds.values()]
        .map((build) => `${build.name}@${build.version} ${freshnessText({ build }, { comparison })}`)
        .sort();
    }

    test(
      'show which of them are older and why, until they are renewed',
      async () => {
        const app = recipe('FreshApp', ['version("1.0")', 'depends_on("fresh-base", type=("link", "run"))']);
        const made = recipe('FreshMade', ['version("1.0")', 'depends_on("fresh-tool", type="build")']);
        release('v2026.03.0', {
          fresh_base: recipe('FreshBase', ['version("1.0")']),
          fresh_tool: recipe('FreshTool', ['version("1.0")']),
          fresh_app: app,
          fresh_made: made,
        });
        await build('fresh-app fresh-made', 'v2026.03.0');
        await compare();
        expect(await sayAll()).toEqual([
          'fresh-app@1.0 Current with recipes v2026.03.0.',
          'fresh-base@1.0 Current with recipes v2026.03.0.',
          'fresh-made@1.0 Current with recipes v2026.03.0.',
          'fresh-tool@1.0 Current with recipes v2026.03.0.',
        ]);

        release('v2026.06.0', {
          fresh_base: recipe('FreshBase', ['version("2.0")', 'version("1.0")']),
          fresh_tool: recipe('FreshTool', ['version("1.0")'], 'lib'),
        });
        await compare();
        const older = [
          'fresh-app@1.0 Older than recipes v2026.06.0: fresh-base 2.0 is preferred.',
          'fresh-base@1.0 Older than recipes v2026.06.0: version 2.0 is preferred.',
        ];
        const tool = 'fresh-tool@1.0 Older than recipes v2026.06.0: the recipe of fresh-tool changed.';
        expect(await sayAll()).toEqual([
          ...older,
          'fresh-made@1.0 Nothing newer in recipes v2026.06.0.',
          tool,
        ]);

        // Renewed builds are current at once and after the next comparison; earlier ones stay older.
        await build('fresh-app', 'v2026.06.0');
        const renewed = [
          'fresh-app@1.0 Current with recipes v2026.06.0.',
          ...older,
          'fresh-base@2.0 Current with recipes v2026.06.0.',
          'fresh-made@1.0 Nothing newer in recipes v2026.06.0.',
          tool,
        ];
        expect(await sayAll()).toEqual(renewed);
        await compare();
        expect(await sayAll()).toEqual(renewed);
        const recorded = await readFile(join(bench.folder, 'catalog/checks/recipes.json'), 'utf8');
        await compare();
        expect(await readFile(join(bench.folder, 'catalog/checks/recipes.json'), 'utf8')).toBe(recorded);

        const { builds } = readCatalog(join(bench.folder, 'catalog'));
        const releases = [...groupByRelease(builds.values())].map(([name, of]) => [name, of.length]);
        expect(releases).toEqual([
          ['v2026.06.0', 2],
          ['v2026.03.0', 4],
        ]);
      },
      15 * MINUTES,
    );
  },
);
