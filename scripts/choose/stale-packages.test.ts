import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { buildFile } from '../../site/lib/catalog/catalog-files.ts';
import type { Build } from '../../site/schemas/build.ts';
import { RecipeComparison } from '../../site/schemas/checks/recipe-comparison.ts';
import { generateCatalog } from '../../tests/generate/catalog.ts';
import { commitFiles, git, makeRepository } from '../../tests/world/git.ts';
import { readCatalog } from '../catalog/catalog.ts';
import { renewalSpec } from './skip-reasons.ts';
import { findStalePackages } from './stale-packages.ts';

const TARGET = { name: 'x86_64_v3', runner: 'ubuntu-24.04' };

const folder = mkdtempSync(join(tmpdir(), 'stale-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

/** Commits recipes in a given state and returns the commit. */
function commit(recipes: Record<string, string>): string {
  const work = join(folder, 'git');
  for (const [name, text] of Object.entries(recipes))
    write(`git/repos/spack_repo/builtin/packages/${name}/package.py`, text);
  write('git/repos/spack_repo/builtin/build_systems/generic.py', '');
  makeRepository(work);
  git(work, 'config', 'uploadpack.allowFilter', 'true');
  git(work, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  return commitFiles(work);
}

const build = (name: string, published: string, origin: object) =>
  write(
    `catalog/builds/${name}/${published}.json`,
    JSON.stringify({ name, published, origin: { spack: '1.1.0', ...origin } }),
  );

test("finds packages whose newest build is from another recipe than the release's", async () => {
  const old = commit({ zlib: 'one', py_numpy: 'one', tree: 'one' });
  const release = commit({ zlib: 'two', py_numpy: 'one', tree: 'two' });
  build('zlib', '2026-01-01T00:00:00Z', { target: 'x86_64_v3', packages: old });
  build('py-numpy', '2026-01-01T00:00:00Z', { target: 'x86_64_v3', packages: old });
  build('tree', '2026-01-01T00:00:00Z', { target: 'x86_64_v3', packages: old });
  build('tree', '2026-02-01T00:00:00Z', { target: 'x86_64_v3', packages: release });
  // Of each spec that people requested, the newest build counts.
  build('tree', '2026-01-01T00:00:00Z-1', { target: 'x86_64_v3', packages: old, byHand: 'tree@1 +color' });
  build('tree', '2026-01-01T00:00:00Z-2', { target: 'x86_64_v3', packages: old, byHand: 'tree@2' });
  build('tree', '2026-02-01T00:00:00Z-3', { target: 'x86_64_v3', packages: release, byHand: 'tree@2' });
  build('gone', '2026-01-01T00:00:00Z', { target: 'x86_64_v3', packages: old });
  build('other', '2026-01-01T00:00:00Z', { target: 'aarch64', packages: old });
  build('laptop', '2026-01-01T00:00:00Z', { target: 'x86_64_v3', packages: 'installed' });
  const environment = { SPACK_PACKAGES_GIT_URL: `file://${folder}/git` };
  const find = async (version: string) =>
    (await findStalePackages(join(folder, 'catalog'), TARGET, version, environment)).packages.map(
      ({ name, request = name }) => request,
    );
  expect(await find(release)).toEqual(['tree@1 +color', 'zlib']);
  expect(await find(old)).toEqual(['tree@2']);
  await expect(find('no-such-tag')).rejects.toThrow('cannot fetch "no-such-tag"');
});

// A release's tag was moved: git keeps the old commit for some weeks.
test('renews builds whose commit is gone, and still compares the rest', async () => {
  const gone = commit({ lost: 'one', kept: 'one' });
  git(join(folder, 'git'), 'commit', '-q', '--amend', '--allow-empty', '-m', 'moved');
  const kept = git(join(folder, 'git'), 'rev-parse', 'HEAD').trim();
  git(join(folder, 'git'), 'reflog', 'expire', '--expire=now', '--all');
  git(join(folder, 'git'), 'gc', '-q', '--prune=now');
  build('lost', '2026-01-01T00:00:00Z', { target: 'moved', packages: gone });
  build('kept', '2026-01-01T00:00:00Z', { target: 'moved', packages: kept });
  const environment = { SPACK_PACKAGES_GIT_URL: `file://${folder}/git` };
  const moved = { ...TARGET, name: 'moved' };
  expect(await findStalePackages(join(folder, 'catalog'), moved, kept, environment)).toEqual({
    packages: [{ name: 'lost', isCurrent: false }],
    isOrdered: false,
  });
});

test('asks no repository when the catalog does not record where its builds come from', async () => {
  const environment = { SPACK_PACKAGES_GIT_URL: 'file:///no/such' };
  expect(await findStalePackages(join(folder, 'nowhere'), TARGET, 'v1', environment)).toMatchObject({
    packages: [],
  });
});

/** A generated catalog, all of whose builds are for the target, and older than v2026.10.0 for one of these reasons. */
async function olderCatalog(whys: Record<string, 'recipe' | 'recipe-removed' | 'deprecated' | 'current'>) {
  const directory = mkdtempSync(join(folder, 'older-'));
  await generateCatalog({ builds: 60, seed: 1, directory });
  const { builds, environments } = readCatalog(directory);
  const causes: { name: string; hash: string; why: 'recipe' | 'recipe-removed' | 'deprecated' }[] = [];
  const current: string[] = [];
  const seen = new Set<string>();
  for (const build of builds.values()) {
    const { name, hash, origin } = build;
    const file = join(directory, buildFile(build));
    writeFileSync(file, JSON.stringify({ ...build, origin: { ...origin, target: TARGET.name } }));
    // Only the first build of a package is current.
    const why = seen.has(name) && whys[name] === 'current' ? 'recipe' : (whys[name] ?? 'recipe');
    if (why === 'current') current.push(hash);
    else causes.push({ name, hash, why });
    seen.add(name);
  }
  const compared = { release: 'v2026.10.0', commit: 'c'.repeat(40), date: '2026-10-20T00:00:00Z' };
  const since = { release: compared.release, date: compared.date };
  const older = causes.map(({ name, hash, why }) => ({ why, name, version: '1', hashes: [hash], since }));
  const comparison = RecipeComparison.parse({ ...compared, current, noNewer: [], older });
  writeFileSync(join(directory, 'checks/recipes.json'), JSON.stringify(comparison));
  const roots = new Set([...environments.values()].flat().map((hash) => builds.get(hash)?.name));
  return { directory, builds: [...builds.values()], roots };
}

test('orders packages that are older than a compared release: roots of environments, what was pinned or built by hand, what is needed most', async () => {
  const { directory, builds, roots } = await olderCatalog({
    'zlib-ng': 'current',
    curl: 'recipe-removed',
    xz: 'deprecated',
  });
  const change = (name: string, origin: Partial<Build['origin']>): void => {
    for (const build of builds.filter((one) => one.name === name)) {
      const file = join(directory, buildFile(build));
      const known = JSON.parse(readFileSync(file, 'utf8')) as Build;
      writeFileSync(file, JSON.stringify({ ...known, origin: { ...known.origin, ...origin } }));
    }
  };
  change('sqlite', { byHand: 'sqlite@3:' });
  change('qhull', { packages: 'c'.repeat(40) });
  change('snappy', { target: 'aarch64' });
  mkdirSync(join(directory, 'pins'), { recursive: true });
  writeFileSync(join(directory, 'pins/thesis.yaml'), 'reason: Thesis\nspecs: [proj]\n');
  // The comparison decides: no repository is asked.
  const environment = { SPACK_PACKAGES_GIT_URL: 'file:///no/such' };
  const { packages, isOrdered } = await findStalePackages(directory, TARGET, 'v2026.10.0', environment);
  const names = packages.map(({ name }) => name);
  expect(packages.find(({ request }) => request !== undefined)).toEqual({
    ...{ name: 'sqlite', request: 'sqlite@3:', isCurrent: false },
  });
  expect(isOrdered).toBe(true);
  expect(new Set(names)).toEqual(
    new Set(
      builds.map(({ name }) => name).filter((name) => !['zlib-ng', 'curl', 'qhull', 'snappy'].includes(name)),
    ),
  );
  const rest = names.filter((name) => !roots.has(name));
  expect(names.slice(0, names.length - rest.length).every((name) => roots.has(name))).toBe(true);
  expect(rest.slice(0, 3)).toEqual(['proj', 'sqlite', 'xz']);
  expect(rest.indexOf('gcc-runtime')).toBeLessThan(rest.indexOf('gsl'));
  await expect(findStalePackages(directory, TARGET, 'v2026.11.0', environment)).rejects.toThrow('v2026.11.0');
});

test('renews a requested spec as it was typed, and by its name alone once it has no solution', () => {
  const lately = {
    ...{ catalog: join(folder, 'renewal'), target: TARGET },
    ...{ days: 30, date: new Date('2026-11-30T00:00:00Z') },
  };
  const fail = (file: string, spec: string, kind: string) =>
    write(
      `renewal/failures/zlib/${file}.json`,
      JSON.stringify({ date: '2026-11-20T00:00:00Z', target: TARGET.name, spec, kind }),
    );
  const requested = { name: 'zlib', request: 'zlib@1.2 +pic', isCurrent: false };
  expect(renewalSpec(requested, lately)).toBe('zlib@1.2 +pic');
  expect(renewalSpec({ name: 'zlib', isCurrent: false }, lately)).toBe('zlib');
  fail('one', 'zlib@1.2 +pic', 'concretize');
  expect(renewalSpec(requested, lately)).toBe('zlib');
  expect(renewalSpec({ ...requested, isCurrent: true }, lately)).toBeUndefined();
  // Next month it is tried again.
  expect(renewalSpec(requested, { ...lately, date: new Date('2026-12-21T00:00:00Z') })).toBe('zlib@1.2 +pic');
  fail('two', 'zlib@1.3.1', 'compile');
  expect(renewalSpec(requested, lately)).toBeUndefined();
});
