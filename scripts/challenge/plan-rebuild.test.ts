import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dagOf } from '../../tests/generate/dag.ts';
import { inventBuildRecord } from '../../tests/generate/build-record.ts';
import { inventHistory } from '../../tests/generate/history.ts';
import { tryScript } from '../../tests/world/run.ts';
import { Build } from '../../site/schemas/build.ts';
import { BuildCacheSettings } from '../../site/schemas/build-cache-settings.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { splitObject } from '../../site/lib/spack/node-text.ts';
import { readInputs } from '../concretize/plan-files.ts';
import { chooseRebuild, writeRebuild, type RebuildWish } from './plan-rebuild.ts';

const settings = BuildCacheSettings.parse({});
const [target] = settings.targets;
const history = inventHistory({ builds: 60, seed: 4 });
const origin = { spack: 'v1.1.0', packages: 'v2025.11.0', target: target?.name };
const builds = new Map(
  [...history.builds.values()].map((build) => {
    const record = Build.parse({ ...inventBuildRecord(history, build), origin });
    return [record.hash, record] as const;
  }),
);
const all = [...builds.values()];
const catalog = { builds, nodes: history.nodes };
const wish = (changes: Partial<RebuildWish> = {}): RebuildWish => ({
  words: [],
  count: 3,
  seed: '1',
  alike: new Set(),
  ...changes,
});
/** The catalog with changed records of some builds. */
const withBuilds = (change: (build: Build) => Build) => ({
  ...catalog,
  builds: new Map(all.map((build) => [build.hash, change(build)])),
});
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rebuild-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

test('writes a plan that build accepts: roots from source, nodes unchanged', () => {
  const choice = chooseRebuild(catalog, wish(), settings);
  expect(choice.builds).toHaveLength(3);
  const entry = writeRebuild(choice, history.nodes, folder, []);
  expect(entry).toMatchObject({ index: 0, target: target?.name, runner: target?.runner });
  const inputs = readInputs(folder, entry.inputs);
  expect(inputs).toMatchObject({ spack: 'v1.1.0', packages: 'v2025.11.0' });
  expect(inputs.request.flags).toContain('package:never,dependencies:auto');
  const text = readFileSync(join(folder, 'spack.lock'), 'utf8');
  const lock = LockFile.parse(JSON.parse(text));
  expect(new Set(lock.roots.map(({ hash }) => hash))).toEqual(new Set(choice.builds.map(({ hash }) => hash)));
  const texts = splitObject(splitObject(text).get('concrete_specs') ?? '');
  for (const { hash } of choice.builds)
    for (const node of dagOf(history.nodes, hash)) expect(texts.get(node.node.hash)).toBe(node.text);
  const hashes = choice.builds.map(({ hash }) => hash).sort();
  expect(readFileSync(join(folder, 'plan.txt'), 'utf8')).toBe(hashes.map((hash) => `${hash}\n`).join(''));
});

test('selects by the seed, and reproduced builds last', () => {
  const drawn = (changes: Partial<RebuildWish>) =>
    chooseRebuild(catalog, wish(changes), settings).builds.map(({ hash }) => hash);
  expect(drawn({})).toEqual(drawn({}));
  expect(drawn({ seed: '2' })).not.toEqual(drawn({}));
  const [last] = all;
  const alike = new Set(all.slice(1).map(({ hash }) => hash));
  for (const seed of ['1', '2', '3']) expect(drawn({ seed, count: 1, alike })).toEqual([last?.hash]);
});

test('accepts names, versions and hashes, and reports what it leaves for another run', () => {
  const newest = all
    .filter(({ name }) => name === all[0]?.name)
    .sort((a, b) => b.published.localeCompare(a.published))[0];
  if (!newest) throw new Error('expected a build');
  const { name, version, hash } = newest;
  for (const words of [[name], [`/${hash.slice(0, 10)}`], [`${name}@${version}/${hash}`]])
    expect(chooseRebuild(catalog, wish({ words }), settings).builds.map((one) => one.name)).toEqual([name]);
  for (const word of ['no-such-package', `${name}@0.0.0-never`, '/', '@1'])
    expect(() => chooseRebuild(catalog, wish({ words: [word] }), settings)).toThrow(
      /expected a build of the catalog as NAME, NAME@VERSION or \/HASH, found none/,
    );
  const twice = chooseRebuild(catalog, wish({ words: [`/${hash}`, `/${hash}`] }), settings);
  expect(twice.builds).toHaveLength(1);

  const child = all.find((build) =>
    history.nodes.get(build.hash)?.node.dependencies.some((one) => builds.has(one.hash)),
  );
  const needed = history.nodes.get(child?.hash ?? '')?.node.dependencies.find((one) => builds.has(one.hash));
  const both = chooseRebuild(catalog, wish({ words: [`/${child?.hash}`, `/${needed?.hash}`] }), settings);
  expect(both.builds.map((one) => one.hash)).toEqual([child?.hash]);
  expect(both.notes).toEqual([expect.stringContaining('another chosen build needs it')]);

  const other = withBuilds((build) =>
    build.hash === hash ? { ...build, origin: { ...build.origin, spack: 'v1.0.2' } } : build,
  );
  const stranger = all.find((build) => build.name !== name);
  const mixed = chooseRebuild(other, wish({ words: [`/${hash}`, `/${stranger?.hash}`] }), settings);
  expect(mixed.notes).toEqual([
    expect.stringContaining('another Spack, other recipes, another target or another container'),
  ]);
});

test('builds in the container that the record names, and in one alone', () => {
  const [first, other] = all;
  const image = 'quay.io/owner/earlier@sha256:ab';
  const moved = withBuilds((build) =>
    build === first ? { ...build, origin: { ...build.origin, container: image } } : build,
  );
  const words = [`/${first?.hash}`, `/${other?.hash}`];
  const choice = chooseRebuild(moved, wish({ words }), settings);
  expect(choice.builds.map(({ hash }) => hash)).toEqual([first?.hash]);
  expect(choice.notes).toEqual([expect.stringContaining('another container')]);
  expect(writeRebuild(choice, history.nodes, folder, []).container).toBe(image);
});

test.each<[string, (build: Build) => Build]>([
  ['was imported', (build) => ({ ...build, origin: { imported: { from: 'x', signature: 'none' } } })],
  ['does not name its Spack', (build) => ({ ...build, origin: {} })],
  ['settings have no target', (build) => ({ ...build, origin: { ...build.origin, target: 'gone' } })],
])('refuses what cannot be built again: %s', (reason, change) => {
  const words = [`/${all[0]?.hash}`];
  expect(() => chooseRebuild(withBuilds(change), wish({ words }), settings)).toThrow(reason);
});

test('the command reports in one sentence that an empty catalog has nothing to rebuild', async () => {
  const { code, stderr } = await tryScript('rebuild', ['--out', folder, '--catalog', join(folder, 'none')]);
  expect(code).toBe(1);
  expect(stderr.trim()).toMatch(/^error: expected a build that can be rebuilt, found none in the catalog/);
});
