import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { findProgram } from '../tools/path.ts';
import { explainedSentences } from '../world/guide-page.ts';
import type { Outcome } from '../world/run.ts';
import type { Rehearsal } from './rehearsal.ts';

/** Recipes that build instantly; path from the root of the repository. */
export const RECIPES = 'tests/fixtures/recipes';

/** Target that this machine can build for (default: x86_64_v3). */
export const TARGET = process.arch === 'arm64' ? 'aarch64' : 'x86_64_v3';

/** Another target that this machine can build for. */
export const ANOTHER_TARGET = process.arch === 'arm64' ? 'armv8.1a' : 'x86_64_v2';

/** Text of `.github/build-cache.yaml` in a rehearsal: one target, whose runner is this machine. */
export const SETTINGS = `targets:\n  - { name: ${TARGET}, runner: ubuntu-24.04 }\n`;

/** Specs for which `recorded-spack/recording.json` has answers. */
export const RECORDED_SPECS = 'trial-tool trial-base fails-configure';

/**
 * Builtin recipes that the recipes of a rehearsal need: compilers, and the recipes that Spack loads with those. With all
 * 8,500 recipes Spack first makes indexes of them, as in every run on GitHub; so it does with `npm run test:full`, and
 * where there is no gcc.
 */
export const FEW_RECIPES =
  process.env['FULL'] === '1' || !findProgram('gcc')
    ? undefined
    : ['gcc', 'gcc-runtime', 'glibc', 'compiler-wrapper', 'binutils', 'elfutils', 'libarchive', 'mbedtls'];

/** Makes jobs use the Spack on PATH with its own recipes: there may be no network. */
export const BUILD_HERE = { SPACK_INSTALLED: 'true' };

/** Creates an empty install root for all jobs of a run: GitHub's runners all use the same path. */
export function oneInstallRoot({ folder }: Rehearsal): { INSTALL_ROOT: string } {
  const root = join(folder, 'software');
  rmSync(root, { recursive: true, force: true });
  return { INSTALL_ROOT: root };
}

/** Number of lines of a failed run that a failing test shows. */
const MAX_LINES = 150;

export function expectSuccess({ code, output }: Outcome): void {
  if (code !== 0) console.log(withoutNoise(output));
  expect(code, 'exit code of the run').toBe(0);
}

/** Expects the guide to explain each warning of a run, in the run's own words. */
export function expectExplained({ output }: Outcome): void {
  const explained = explainedSentences();
  for (const [, warning = ''] of output.matchAll(/::warning::(.*)$/gm))
    expect(
      explained.some(({ pattern }) => pattern.test(warning)),
      `not in the guide: ${warning}`,
    ).toBe(true);
}

/** Reads the only file on the branch whose path in the catalog has this beginning. */
export function readCatalogFile({ git }: Rehearsal, beginning: string): string {
  const [folder = ''] = /^.*\//.exec(`site/content/${beginning}`) ?? [];
  const files = git('ls-tree', '-r', '--name-only', 'main', folder)
    .split('\n')
    .filter((path) => path.startsWith(`site/content/${beginning}`));
  expect(files, `files that begin with ${beginning}`).toHaveLength(1);
  return git('show', `main:${files[0]}`);
}

function withoutNoise(output: string): string {
  return output
    .split('\n')
    .filter(
      (line) =>
        !/LocalRepositoryCache|⭐ Run (Post|Pre|Set up)|Success - (Post|Pre|Set up)|set-env/.test(line),
    )
    .slice(-MAX_LINES)
    .join('\n');
}
