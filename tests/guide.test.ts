import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { commitFiles, git, makeRepository as initRepository } from './world/git.ts';
import { parse } from 'yaml';
import { z } from 'zod';
import { MAX_ROUNDS } from '../scripts/waves/continue-run.ts';
import { formatCount } from '../site/lib/format.ts';
import { SYSTEM_GLIBC } from '../site/lib/machine/machine.ts';
import { LARGE_CACHE, sbomBudget } from '../site/lib/mirror/site-bytes.ts';
import { GUIDE } from '../site/lib/page/guide.ts';
import { compareVersions } from '../site/lib/spack/versions.ts';
import { BuildCacheSettings } from '../site/schemas/build-cache-settings.ts';
import { MAX_JOBS, MAX_WAVES } from '../site/schemas/build-request.ts';
import { Failure } from '../site/schemas/failure.ts';
import { Settings } from '../site/schemas/settings.ts';
import { guide, table } from './world/guide-page.ts';
import { isTemplate } from './world/template.ts';

const ROOT = resolve(import.meta.dirname, '..');
const WORKFLOWS = readdirSync(join(ROOT, '.github/workflows')).map((name) =>
  read(`.github/workflows/${name}`),
);
const Input = z.object({ description: z.string(), required: z.boolean().optional() });
const Workflow = z.object({
  name: z.string(),
  on: z.object({ workflow_dispatch: z.object({ inputs: z.record(z.string(), Input) }) }),
});
const folder = mkdtempSync(join(tmpdir(), 'guide-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('every page of the guide is in its list, and the list has no other', () => {
  const files = readdirSync(join(ROOT, 'site/pages/guide')).map((file) => file.replace(/\.md$/, ''));
  expect(GUIDE.map(({ name }) => name || 'index').sort()).toEqual(files.sort());
});

test.runIf(isTemplate)('the tables name every setting, variable and secret', () => {
  const page = guide('settings');
  expect(firstCells(page, 'setting')).toEqual(Object.keys(BuildCacheSettings.shape));
  expect(firstCells(page, 'variable').sort()).toEqual(usedIn('vars'));
  expect(firstCells(page, 'secret').sort()).toEqual(usedIn('secrets'));
});

test('the table of settings has the defaults', () => {
  const defaults = Object.entries(BuildCacheSettings.parse({}));
  const rows = table(guide('settings'), 'setting');
  for (const [index, [name, value]] of defaults.entries()) {
    if (typeof value === 'object') continue;
    expect(rows[index]?.at(-1), name).toBe(`\`${value}\``);
  }
});

test('the table of pairs begins with the defaults', () => {
  const { spack, packages } = BuildCacheSettings.parse({});
  expect(table(guide('settings'), 'Spack')[0]?.slice(0, 2)).toEqual([`\`${spack}\``, `\`${packages}\``]);
});

test.each([
  ['build-records', `up to ${sbomBudget(1) / 1e6} MB in total`],
  [
    'build-records',
    `${sbomBudget(LARGE_CACHE + 1) / 1e6} MB with more than ${formatCount(LARGE_CACHE)} builds`,
  ],
  ['long-builds', `at most ${MAX_WAVES} waves and ${MAX_JOBS} jobs`],
  ['long-builds', `or after ${MAX_ROUNDS} runs`],
])('page %s has a number of the code: %s', (page, text) => {
  expect(guide(page).replaceAll(/\s+/g, ' ')).toContain(text);
});

test('the table of old systems counts those that builds are matched with', () => {
  const known = Object.values(SYSTEM_GLIBC);
  const rows = table(guide('older-systems'), 'built with glibc');
  expect(rows.length).toBeGreaterThan(2);
  for (const [built = '', where] of rows) {
    const fit = known.filter((glibc) => compareVersions(glibc, built) >= 0);
    expect(where).toContain(`${fit.length} of ${known.length} systems`);
  }
});

test.each([
  ['manual', 'manual'],
  ['schedule', 'scheduled'],
  ['environments', 'environment'],
])('the page "%s" names every field of %s.yml in its order', (page, file) => {
  expect(firstCells(guide(page), 'field')).toEqual(Object.keys(readWorkflow(file).inputs));
});

test('the page "health" names every field of its two workflows', () => {
  expect(firstCells(guide('health'), 'field')).toEqual(Object.keys(readWorkflow('doctor').inputs));
  const [, challenge = ''] = guide('health').split('-f builds=');
  expect(firstCells(challenge, 'field')).toEqual(Object.keys(readWorkflow('challenge').inputs));
});

test('the drawing of the form has every field of manual.yml in its order', () => {
  const { name, inputs } = readWorkflow('manual');
  const texts = [...read('public/guide/run-workflow.svg').matchAll(/<text[^>]*>([^<]*)/g)]
    .map(([, text]) => text)
    .join(' ');
  expect(texts).toContain(name);
  const labels = Object.values(inputs).map(
    ({ description, required }) => description + (required ? ' *' : ''),
  );
  const places = labels.map((label) => texts.indexOf(label));
  expect(places, `expected in the drawing: ${labels.join(' | ')}`).not.toContain(-1);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
});

test('the workflows that the guide names exist', () => {
  const pages = GUIDE.map(({ name }) => guide(name || 'index')).join('\n');
  const files = [...pages.matchAll(/gh workflow run (\S+)/g)].map(([, file]) => file);
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) expect(readdirSync(join(ROOT, '.github/workflows'))).toContain(file);
});

test('every kind of failure is explained', () => {
  expect(firstCells(guide('failures'), 'kind')).toEqual(Failure.shape.kind.options);
});

test.runIf(isTemplate)(
  'README or CONTRIBUTING names every command, README every variable of the scripts',
  () => {
    const readme = read('README.md');
    const verbs = readdirSync(join(ROOT, 'scripts')).filter(
      (file) => /^[a-z-]+\.ts$/.test(file) && read(`scripts/${file}`).includes('await runCommand('),
    );
    expect(verbs.length).toBeGreaterThan(15);
    const named = [
      ...(readme + read('.github/CONTRIBUTING.md')).matchAll(/^\| `node scripts\/([a-z-]+\.ts)/gm),
    ];
    expect(new Set(named.map(([, verb]) => verb))).toEqual(
      new Set(verbs.filter((file) => file !== 'start.ts')),
    );
    expect(firstCells(readme, 'variable').join(' ')).toContain('SIGNING_KEY');
    for (const name of Object.keys(Settings.shape)) expect(firstCells(readme, 'variable')).toContain(name);
  },
);

test('the README of the action names its inputs', () => {
  const { inputs } = z
    .object({ inputs: z.record(z.string(), z.unknown()) })
    .parse(parse(read('.github/actions/use/action.yml')));
  expect(firstCells(read('.github/actions/use/README.md'), 'input')).toEqual(Object.keys(inputs));
});

test('the update command changes the template’s files and not those of the owner', () => {
  const files = {
    'scripts/kept.ts': '1',
    'scripts/gone.ts': '1',
    '.github/build-cache.yaml': '# defaults',
    'site/content/.gitkeep': '',
  };
  const template = makeRepository('template');
  commitFiles(template, files);
  const copy = makeRepository('copy');
  commitFiles(copy, files);
  const own = {
    '.github/build-cache.yaml': 'spack: v1.1.0\n',
    'site/content/builds/zlib/one.json': '{}',
    'packages/mine/package.py': 'mine',
  };
  commitFiles(copy, own);
  rmSync(join(template, 'scripts/gone.ts'));
  commitFiles(template, {
    'scripts/kept.ts': '2',
    'scripts/added.ts': '2',
    '.github/build-cache.yaml': '# other defaults',
  });

  const [, script = '', address = ''] =
    /^node (scripts\/update\.ts) (https:\S+)$/m.exec(guide('updates')) ?? [];
  expect(address).not.toBe('');
  execFileSync(process.execPath, [join(ROOT, script), template], {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

  expect(git(copy, 'ls-files').trim().split('\n')).toEqual(
    [...Object.keys(own), 'scripts/added.ts', 'scripts/kept.ts', 'site/content/.gitkeep'].sort(),
  );
  expect(readFileSync(join(copy, 'scripts/kept.ts'), 'utf8')).toBe('2');
  for (const [path, text] of Object.entries(own)) expect(readFileSync(join(copy, path), 'utf8')).toBe(text);
  expect(git(copy, 'status', '--porcelain')).toBe('');
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Returns the first cells of a table, without code marks; a cell may contain two names. */
function firstCells(text: string, heading: string): string[] {
  return table(text, heading).flatMap(([cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );
}

/** Lists the repository's variables or secrets that workflows read, sorted. */
function usedIn(context: 'vars' | 'secrets'): string[] {
  const names = WORKFLOWS.flatMap((text) => [...text.matchAll(new RegExp(`\\b${context}\\.(\\w+)`, 'g'))]);
  return [...new Set(names.map(([, name = '']) => name))].sort();
}

function readWorkflow(name: string): { name: string; inputs: Record<string, z.infer<typeof Input>> } {
  const workflow = Workflow.parse(parse(read(`.github/workflows/${name}.yml`)));
  return { name: workflow.name, inputs: workflow.on.workflow_dispatch.inputs };
}

function makeRepository(name: string): string {
  const root = join(folder, name);
  mkdirSync(root);
  initRepository(root);
  // Needed by the script, which commits as the owner.
  git(root, 'config', 'user.name', 'Owner');
  git(root, 'config', 'user.email', 'owner@example.org');
  return root;
}
