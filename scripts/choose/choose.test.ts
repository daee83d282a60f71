import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { buildFile } from '../../site/lib/catalog/catalog-files.ts';
import { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import { generateCatalog } from '../../tests/generate/catalog.ts';
import { makeRecipes } from '../../tests/world/git.ts';
import { readCatalog } from '../catalog/catalog.ts';
import {
  chooseEnvironments,
  chooseManual,
  chooseScheduled,
  drawOrder,
  takeSample,
  targetOfTheDay,
} from './choose.ts';

const SETTINGS = BuildCacheSettings.parse({ exclude: ['package-1'], schedulePackages: 3 });
const OPTIONS = { fresh: false, container: false, flags: [] };
const NAMES = Array.from({ length: 8_900 }, (_, index) => `package_${index}`);

const root = mkdtempSync(join(tmpdir(), 'recipes-'));
afterAll(() => rmSync(root, { recursive: true }));
let recipes = '';

function release(names: string[], tag = 'v2025.11.0'): void {
  recipes = makeRecipes(mkdtempSync(join(root, 'git-')), names, tag);
}

function draw(catalog: string, seed: string, target = 'x86_64_v3') {
  return chooseScheduled(
    {
      seed,
      count: 3,
      target,
      catalog,
      packagesVersion: 'v2025.11.0',
      date: new Date('2026-11-23T12:00:00Z'),
      environment: { SPACK_PACKAGES_GIT_URL: recipes },
    },
    SETTINGS,
    OPTIONS,
  );
}

function writeCatalog(files: Record<string, unknown>): string {
  const catalog = mkdtempSync(join(tmpdir(), 'choose-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(catalog, path)), { recursive: true });
    writeFileSync(join(catalog, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return catalog;
}

function cached(name: string, target: string): Record<string, unknown> {
  const arch = { platform: 'linux', platform_os: 'ubuntu24.04', target: { name: target } };
  return { [`builds/${name}/${name}-1-a.json`]: {}, [`specs/${name}/${name}-1-a.spec.json`]: { arch } };
}

function failed(name: string, target: string, date: string): Record<string, unknown> {
  const failure = { name, spec: name, target, kind: 'compile', log: [], date };
  return { [`failures/${name}/1.json`]: failure };
}

test('draws from the whole list, the same for a seed', async () => {
  release(NAMES);
  const catalog = writeCatalog({});
  const { requests: chosen } = await draw(catalog, '4711');
  expect(chosen).toHaveLength(3);
  expect(chosen.flatMap(({ specs }) => specs).every((name) => /^package-\d+$/.test(name))).toBe(true);
  expect((await draw(catalog, '4711')).requests).toEqual(chosen);
});

test('skips packages that are cached for the target, failed recently, or are excluded, and lists them', async () => {
  release(['_7zip', 'package_1', 'package_2', 'package_3', 'package_4', 'package_5']);
  const catalog = writeCatalog({
    ...cached('package-2', 'x86_64_v3'),
    ...cached('package-3', 'aarch64'),
    ...failed('package-4', 'x86_64_v3', '2026-11-01T00:00:00Z'),
    ...failed('package-5', 'x86_64_v3', '2026-10-01T00:00:00Z'),
  });
  const { requests: chosen, reasons } = await draw(catalog, '1');
  expect(chosen.flatMap(({ specs }) => specs).sort()).toEqual(['7zip', 'package-3', 'package-5']);
  const again = await draw(catalog, '1', 'aarch64');
  expect(again.requests.flatMap(({ specs }) => specs)).not.toContain('package-3');
  expect(reasons.join('\n')).not.toContain('exhausted');
});

test('distinguishes targets of one microarchitecture if builds record their target', async () => {
  release(['package_2', 'mpi']);
  const origin = { target: 'x86_64_v3-glibc2.28' };
  const catalog = writeCatalog({
    ...cached('package-2', 'x86_64_v3'),
    'builds/package-2/package-2-1-a.json': { origin },
  });
  const { requests: chosen } = await draw(catalog, '1');
  expect(chosen.flatMap(({ specs }) => specs)).toEqual(['package-2']);
  writeFileSync(join(catalog, 'builds/package-2/package-2-1-b.json'), '{"origin":{"target":"x86_64_v3"}}');
  expect((await draw(catalog, '1')).requests).toEqual([]);
});

test('reports an exhausted list', async () => {
  release(['package_1', 'package_2']);
  const { requests: chosen, reasons } = await draw(writeCatalog(cached('package-2', 'x86_64_v3')), '1');
  expect(chosen).toEqual([]);
  expect(reasons.at(-1)).toMatch(/^The list is exhausted: of 2 packages no more than 0/);
});

test('needs the list of the release', async () => {
  release([], 'v2');
  await expect(draw(writeCatalog({}), '1')).rejects.toThrow('cannot fetch "v2025.11.0"');
});

test('gives each spec its own job', () => {
  const { requests: chosen } = chooseManual('zlib\nhdf5 +mpi', '', SETTINGS, { ...OPTIONS, fresh: true });
  expect(chosen).toEqual([
    {
      index: 0,
      specs: ['zlib'],
      target: 'x86_64_v3',
      byHand: true,
      fresh: true,
      container: false,
      flags: [],
    },
    {
      index: 1,
      specs: ['hdf5 +mpi'],
      target: 'x86_64_v3',
      byHand: true,
      fresh: true,
      container: false,
      flags: [],
    },
  ]);
  const many = NAMES.slice(0, 257).join(' ');
  expect(() => chooseManual(many, '', SETTINGS, OPTIONS)).toThrow('expected at most 256');
  expect(() => chooseManual(' \n', '', SETTINGS, OPTIONS)).toThrow('found none');
});

test('gives each environment a job for each target', () => {
  const catalog = writeCatalog({
    'environments/a.yaml': 'spack: {specs: [zlib]}',
    'environments/b.yaml': 'spack: {specs: [tree]}',
    'environments/a.lock.json': '{}',
    'environments/broken.yml': '',
  });
  const { requests: chosen } = chooseEnvironments([], '', catalog, SETTINGS, OPTIONS);
  expect(chosen.map(({ environment, target }) => `${environment} ${target}`)).toEqual([
    'a x86_64_v3',
    'a aarch64',
    'a m1',
    'b x86_64_v3',
    'b aarch64',
    'b m1',
  ]);
  const one = chooseEnvironments(['b'], 'aarch64', catalog, SETTINGS, OPTIONS);
  expect(one.requests).toHaveLength(1);
  const none = chooseEnvironments([], '', writeCatalog({}), SETTINGS, OPTIONS);
  expect(none.requests).toEqual([]);
});

test('refuses an unknown environment, and lists those that exist', () => {
  const catalog = writeCatalog({ 'environments/a.yaml': 'spack: {specs: [zlib]}' });
  const choose = (name: string) => () => chooseEnvironments([name], '', catalog, SETTINGS, OPTIONS);
  expect(choose('../../etc/x')).toThrow('which are: a;');
  expect(choose('b')).toThrow('which are: a;');
});

// Names from the files of ACCESS-ISSM and HPC-ME, which Spack refuses, too.
test('reports what is wrong with a file that is not an environment or has a wrong name, and continues with the others', () => {
  const catalog = writeCatalog({
    'environments/good.yaml': 'spack: {specs: [zlib]}',
    'environments/none.yaml': 'packages: {all: {}}',
    'environments/twice.yaml':
      'spack:\n  packages:\n    boost:\n      variants: cxxstd=14\n      variants: +mpi\n',
    'environments/unquoted.yaml': 'spack:\n  modules:\n    a: {name}{x}/{version}\n',
    'environments/my.stack v1.yaml': 'spack: {specs: [zlib]}',
    'environments/other.yml': 'spack: {specs: [zlib]}',
    'environments/two__lines.yaml': 'spack: {specs: [zlib]}',
    'environments/folder/spack.yaml': 'spack: {specs: [zlib]}',
  });
  const { requests: chosen, reasons } = chooseEnvironments([], 'm1', catalog, SETTINGS, OPTIONS);
  expect(chosen.map(({ environment }) => environment)).toEqual(['good', 'none', 'twice', 'unquoted']);
  expect(reasons.slice(1).map((reason) => reason.replaceAll(`${catalog}/`, ''))).toEqual([
    'Environment none cannot be solved: environments/none.yaml: expected a Spack environment, whose outermost key is "spack:".',
    'Environment twice cannot be solved: environments/twice.yaml: expected YAML; correct this: Map keys must be unique at line 5, column 7.',
    expect.stringMatching(
      /^Environment unquoted cannot be solved: .*: expected YAML; .* at line 3, column \d+\.$/,
    ),
    'environments/folder/spack.yaml is not built: expected <name>.yaml there, with letters, digits, single _ and - as its name; rename it, for example to folder.yaml.',
    'environments/my.stack v1.yaml is not built: expected <name>.yaml there, with letters, digits, single _ and - as its name; rename it, for example to my-stack-v1.yaml.',
    'environments/other.yml is not built: expected <name>.yaml there, with letters, digits, single _ and - as its name; rename it, for example to other.yaml.',
    'environments/two__lines.yaml is not built: expected <name>.yaml there, with letters, digits, single _ and - as its name; rename it, for example to two_lines.yaml.',
  ]);
});

test('reports what a renamed environment leaves behind, and builds only existing ones', () => {
  const catalog = writeCatalog({
    'environments/course.lock.json': '{}',
    'environments/course.solved.json': '{}',
    'environments/class.yaml': 'spack: {specs: [zlib]}',
    'environments/class.lock.json': '{}',
  });
  const { requests: chosen, reasons } = chooseEnvironments([], 'm1', catalog, SETTINGS, OPTIONS);
  expect(chosen.map(({ environment }) => environment)).toEqual(['class']);
  expect(reasons.slice(1)).toEqual([
    'environments/course.lock.json belongs to an environment that no longer exists: its page, its view and its builds ' +
      'are kept. Remove it and course.solved.json when nobody installs from it.',
  ]);
});

test('reports at once what an environment lacks here, and continues with the others', () => {
  const catalog = writeCatalog({
    'environments/a.yaml': 'spack: {specs: [zlib], include: [missing.yaml]}',
    'environments/b.yaml': 'spack: {specs: [zlib]}',
  });
  const { requests: chosen, reasons } = chooseEnvironments([], 'm1', catalog, SETTINGS, OPTIONS);
  expect(chosen).toHaveLength(2);
  expect(reasons.slice(1)).toEqual([
    'Environment a cannot be solved: include: missing.yaml is not in this repository: expected it at environments/missing.yaml.',
  ]);
});

const FORTY = Array.from({ length: 40 }, (_, index) => `package-${index}`);

test('draws the same for a seed, whatever the order of the list', () => {
  expect(drawOrder([...FORTY].reverse(), '7')).toEqual(drawOrder(FORTY, '7'));
  expect(drawOrder(FORTY, '8')).not.toEqual(drawOrder(FORTY, '7'));
});

test('draws the remaining names uniformly (chi-square, 39 classes less 10)', () => {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 2_000; seed += 1) {
    const { names } = takeSample(drawOrder(FORTY, String(seed)), 5, (name) =>
      Number(name.slice(8)) < 10 ? 'cached' : undefined,
    );
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const expected = (2_000 * 5) / 30;
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(counts.size).toBe(30);
  // The 99.9 % quantile with 29 degrees of freedom.
  expect(chiSquare).toBeLessThan(58.3);
});

test('reports when the list has too few names, and why', () => {
  const sample = takeSample(['a', 'b', 'c', 'd'], 3, (name) =>
    name === 'a' ? 'excluded' : name === 'c' ? 'failed' : undefined,
  );
  expect(sample).toEqual({
    names: ['b', 'd'],
    passedOver: { excluded: ['a'], cached: [], failed: ['c'] },
    exhausted: true,
  });
});

test('looks for no more obstacles than it needs', () => {
  let asked = 0;
  takeSample(FORTY, 3, () => {
    asked += 1;
    return undefined;
  });
  expect(asked).toBe(3);
});

test('takes the targets in turn, one per day', () => {
  const day = (date: string) => targetOfTheDay(['a', 'b', 'c'], new Date(date));
  const days = [
    '2026-11-22T23:59:59Z',
    '2026-11-23T00:00:00Z',
    '2026-11-23T23:00:00Z',
    '2026-11-24T05:00:00Z',
  ].map(day);
  expect(days[1]).toBe(days[2]);
  expect(new Set([days[0], days[1], days[3]]).size).toBe(3);
});

test('renews older packages as if they were not cached, with at most half of the number, and fills up with new ones', async () => {
  release(NAMES);
  const catalog = writeCatalog({});
  await generateCatalog({ builds: 60, seed: 1, directory: catalog });
  const { builds } = readCatalog(catalog);
  for (const build of builds.values()) {
    const origin = { ...build.origin, target: 'x86_64_v3' };
    writeFileSync(join(catalog, buildFile(build)), JSON.stringify({ ...build, origin }));
  }
  const since = { release: 'v2025.11.0', date: '2025-11-20T00:00:00Z' };
  const older = [{ why: 'recipe', name: 'x', version: '1', hashes: [...builds.keys()].sort(), since }];
  const compared = { ...since, commit: 'c'.repeat(40), current: [], noNewer: [], older };
  writeFileSync(join(catalog, 'checks/recipes.json'), JSON.stringify(compared));
  const { requests, reasons } = await draw(catalog, '1');
  expect(requests.map(({ fresh }) => fresh)).toEqual([true, true, false]);
  const cachedNames = new Set([...builds.values()].map(({ name }) => name));
  expect(requests.map(({ specs }) => cachedNames.has(specs[0] ?? ''))).toEqual([true, true, false]);
  expect(reasons[0]).toMatch(/^2 packages of \d+ to renew, which newer recipes would build differently: /);
  // They are the first in order, not drawn by the seed.
  expect((await draw(catalog, '2')).requests.slice(0, 2)).toEqual(requests.slice(0, 2));
});
