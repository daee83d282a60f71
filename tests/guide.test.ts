import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { commitFiles, git, makeRepository as initRepository } from './world/git.ts';
import { parse } from 'yaml';
import { z } from 'zod';
import { judgeSetup, type SetupFacts } from '../scripts/check-setup/judge.ts';
import { explainRule } from '../scripts/commit/rule-advice.ts';
import { decideDeploy } from '../scripts/deploy/start-deploy.ts';
import { RuleError } from '../scripts/github/errors.ts';
import { describeError } from '../scripts/cli/command.ts';
import { chooseLogins } from '../scripts/oci/registry-login.ts';
import { describePrivate } from '../scripts/github/visibility.ts';
import { prepareCompilers } from '../scripts/spack/compilers.ts';
import { expectTools } from '../scripts/spack/install-spack.ts';
import { SYSTEM_GLIBC } from '../site/lib/machine/machine.ts';
import { GUIDE } from '../site/lib/page/guide.ts';
import { compareVersions } from '../site/lib/spack/versions.ts';
import { BuildCacheSettings } from '../site/schemas/build-cache-settings.ts';
import { Failure } from '../site/schemas/failure.ts';
import { Settings } from '../site/schemas/settings.ts';
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
  expect(firstCells(guide('health'), 'what to build')).toEqual(Object.keys(readWorkflow('challenge').inputs));
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

test('the guide explains what a run asks its owner to do, in the words that the run prints', async () => {
  const spoken = await ownersSentences();
  const quotes = table(guide('failures'), 'job').flatMap(([, cell = '']) => /^`(.+)`$/.exec(cell)?.[1] ?? []);
  const patterns = quotes.map(
    (quote) =>
      new RegExp(
        `^${quote
          .split('…')
          .map((part) => RegExp.escape(part))
          .join('.*')}`,
      ),
  );
  for (const [index, pattern] of patterns.entries())
    expect(
      spoken.some((sentence) => pattern.test(sentence)),
      `no run says: ${quotes[index]}`,
    ).toBe(true);
  for (const sentence of spoken)
    expect(
      patterns.some((pattern) => pattern.test(sentence)),
      `not in the guide: ${sentence}`,
    ).toBe(true);
  const quoted = /^> [^]+?(?=\n\n)/m
    .exec(guide('three-clicks'))?.[0]
    .replaceAll(/^> ?/gm, '')
    .replaceAll('\n', ' ');
  expect(quoted).toBe(describePrivate('ghcr.io/owner/lab-cache', {}));
});

/** Collects every sentence of a run that asks its owner to do something, except errors of other servers. */
async function ownersSentences(): Promise<string[]> {
  const repository = {
    ...{ fullName: 'owner/lab-cache', defaultBranch: 'main', isPrivate: false, isFork: false },
    ...{ ownerType: 'User' as const, hasPages: true, hasIssues: true },
  };
  const registry = 'ghcr.io/owner/lab-cache';
  const publishAdvice = describePrivate(registry, {});
  const works: SetupFacts = {
    ...{
      repository,
      branch: 'main',
      pages: { url: 'https://owner.github.io/lab-cache', isByWorkflow: true },
    },
    ...{ rules: { types: [], isProtected: false }, hasCommitToken: false, registry, login: 'run' },
    ...{ visibility: 'public', publishAdvice, others: [], keys: 1, unsigned: 0, hasSigningKey: true },
    ...{ isScheduled: true, quietDays: 1 },
  };
  const reviews = { types: ['pull_request'], isProtected: true };
  const branchSite = { url: 'https://owner.github.io/lab-cache', isByWorkflow: false };
  const setups: Partial<SetupFacts>[] = [
    { branch: 'try' },
    { rules: reviews },
    { rules: reviews, repository: { ...repository, ownerType: 'Organization' } },
    { rules: { types: [], isProtected: true } },
    { registry: 'ghcr.io/other/lab-cache' },
    { login: 'none' },
    { login: { problem: await refusalOf(chooseForTwoHosts) } },
    { visibility: 'private' },
    { pages: 'off' },
    { pages: branchSite },
    { keys: 0 },
    { hasSigningKey: false },
    { unsigned: 2 },
    { repository: { ...repository, hasIssues: false } },
    { quietDays: 50 },
  ];
  const checks = setups.flatMap((facts) => judgeSetup({ ...works, ...facts }));
  const asked = checks.filter(({ state }) => state === 'stop' || state === 'warning');
  expect(asked).toHaveLength(setups.length);
  const deploy = { committed: 1, branch: 'main', repository, live: 'unknown' as const };
  const silent = () => Promise.reject(new Error('no answer'));
  const github = { owner: 'owner', name: 'lab-cache', call: silent, ask: silent };
  return [
    ...asked.map(({ name, sentence }) => `${name}: ${sentence}`),
    ...[undefined, branchSite].map((pages) => decideDeploy({ ...deploy, pages }).sentence),
    (await explainRule(github, 'main', new RuleError('Changes must be made through a pull request.')))
      .message,
    publishAdvice,
    await refusalOf(() => expectTools({ PATH: '' })),
    await refusalOf(useBrokenCompiler),
  ];
}

/** Uses a login that two hosts would receive. */
function chooseForTwoHosts(): void {
  const login = { REGISTRY_USERNAME: 'me', REGISTRY_PASSWORD: 'secret' };
  chooseLogins(['one.example.org/a', 'two.example.org/b'], login);
}

function useBrokenCompiler(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'compiler-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'packages.yaml');
  const compiler = { spec: 'gcc@1', prefix: '/', extra_attributes: { compilers: { c: '/bin/false' } } };
  writeFileSync(file, JSON.stringify({ packages: { gcc: { externals: [compiler] } } }));
  return prepareCompilers(file, {}, undefined);
}

/** Error of a run. */
async function refusalOf(act: () => unknown): Promise<string> {
  try {
    await act();
    return 'nothing';
  } catch (error) {
    return describeError(error);
  }
}

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

function guide(name: string): string {
  return read(`site/pages/guide/${name}.md`);
}

/** Returns rows of the Markdown table whose first column has this heading, without the outer bars. */
function table(text: string, heading: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
  if (start < 0) throw new Error(`expected a table whose first column is "${heading}"`);
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end < 0 ? undefined : end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
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
