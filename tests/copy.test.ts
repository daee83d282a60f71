import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from './world/run.ts';
import { copyProject, isTemplate } from './world/template.ts';

/**
 * A copy of the template whose owner has changed everything that the guide allows: the tests that read these
 * files must not fail there. With FULL=1 all tests of modules run in it.
 */
const READERS = [
  ...[
    'tests/guide.test.ts',
    'tests/guide-sentences.test.ts',
    'tests/house.test.ts',
    'tests/package-lock.test.ts',
  ],
  ...['tests/workflows/permissions.test.ts', 'scripts/cli/owner-settings.test.ts'],
];
const ALL = ['scripts', 'site', 'tests'];
const ROOT = resolve(import.meta.dirname, '..');
const isFull = process.env['FULL'] === '1';
let folder: string;

const CHANGED = {
  'README.md': '# Our cache\n\nnothing  of the template\n',
  '.github/build-cache.yaml': "targets:\n- {name: x86_64_v4,   runner: 'self-hosted'}\nspecsPerJob: 2\n",
  '.github/workflows/ours.yml':
    'on: push\njobs:\n  ours:\n    runs-on: self-hosted\n    steps:\n    - uses: somebody/something@v1\n' +
    '    - run: echo "${{ secrets.OURS }} ${{ vars.OURS }}"\n',
  'site/content/environments/stack.yaml': 'spack:\n  specs: [zlib]\n',
  'recipes/spack_repo/ours/packages/thing/package.py': 'x=1\n',
};

beforeAll(() => {
  if (!isTemplate) return;
  folder = mkdtempSync(join(tmpdir(), 'copy-'));
  copyProject(folder);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, '.work'));
  symlinkSync(join(ROOT, '.work/tools'), join(folder, '.work/tools'));
  for (const [path, text] of Object.entries(CHANGED)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
});

afterAll(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});

test.runIf(isTemplate)('the tests pass in a copy, regardless of changes by its owner', async () => {
  const said = await run(isFull ? ALL : READERS);
  expect(said.code, said.output).toBe(0);
});

test.runIf(isTemplate && isFull)('they do test the copy', async () => {
  writeFileSync(join(folder, 'site/pages/guide/unlisted.md'), 'a page that is in no list\n');
  expect((await run(['tests/guide.test.ts'])).output).toMatch(/every page of the guide is in its list/);
});

/** Runs test files in the copy. */
function run(files: string[]) {
  const vitest = join(ROOT, 'node_modules/.bin/vitest');
  const args = [
    'run',
    '--config',
    'tests/vitest.config.ts',
    '--project',
    'unit',
    '--exclude',
    'tests/copy.test.ts',
  ];
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST'));
  return runProgram(vitest, [...args, ...files], Object.fromEntries(environment), folder);
}
