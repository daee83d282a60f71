import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BuildRequest } from '../../site/schemas/build-request.ts';
import { LockFile } from '../../site/schemas/lock-file.ts';
import { addFiles } from '../catalog/catalog.ts';
import {
  environmentFiles,
  hasSameRoots,
  pickTarget,
  readSolvedEnvironment,
  whyOutdated,
} from './environment-locks.ts';

function lock(...nodes: { hash: string; target: string; needs?: string[]; root?: boolean }[]) {
  return {
    _meta: { 'lockfile-version': 6, 'specfile-version': 5 },
    roots: nodes.filter(({ root }) => root).map(({ hash }) => ({ hash, spec: hash })),
    concrete_specs: Object.fromEntries(
      nodes.map(({ hash, target, needs = [] }) => [
        pad(hash),
        {
          name: hash,
          version: '1',
          arch: { platform: 'linux', platform_os: 'debian12', target },
          dependencies: needs.map((name) => ({
            name,
            hash: pad(name),
            parameters: { deptypes: ['link'], virtuals: [] },
          })),
          hash: pad(hash),
          kept: 'as it is',
        },
      ]),
    ),
  };
}

function pad(name: string): string {
  return name.padEnd(32, 'a');
}

const OLD = lock(
  { hash: 'app2', target: 'zen3', root: true, needs: ['lib2'] },
  { hash: 'lib2', target: 'zen3' },
  { hash: 'tool2', target: 'zen3', root: true },
);
const NEW = lock(
  { hash: 'app3', target: 'zen3', root: true, needs: ['lib3'] },
  { hash: 'lib3', target: 'zen3' },
  { hash: 'tool3', target: 'zen3', root: true },
);
// The requested spec stays the same.
for (const each of [OLD, NEW])
  for (const root of each.roots) Object.assign(root, { hash: pad(root.hash), spec: root.spec.slice(0, -1) });

const REQUEST: BuildRequest = {
  index: 0,
  specs: [],
  target: 'zen3-here',
  environment: 'course',
  release: 'v2026.06.0',
  fresh: true,
  container: false,
  flags: [],
};
const NOW = { date: '2026-06-01T00:00:00Z', run: undefined };
const DATE = '2026-06-25T03:17:00Z';

function openCatalog(...built: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'locks-'));
  const build = (...names: string[]) =>
    addFiles(
      folder,
      names.map((name) => ({ path: `builds/${name}/${name}-1-${pad(name)}.json`, content: '{}' })),
    );
  build(...built);
  const take = (solved: object, changes: Partial<BuildRequest> = {}, run?: string) =>
    addFiles(
      folder,
      environmentFiles({ ...REQUEST, ...changes }, JSON.stringify(solved), folder, { date: DATE, run }),
    );
  const rootsOf = (ending: string): string[] => {
    const file = join(folder, `environments/course.${ending}.json`);
    if (!existsSync(file)) return [];
    const read = JSON.parse(readFileSync(file, 'utf8')) as { next?: typeof OLD } & typeof OLD;
    return ((ending === 'solved' ? read.next?.roots : read.roots) ?? []).map(({ hash }) =>
      hash.replace(/a+$/, ''),
    );
  };
  return { folder, build, take, lock: () => rootsOf('lock'), next: () => rootsOf('solved') };
}

test('keeps the old lock next to the new one until everything that was built is built again', () => {
  const catalog = openCatalog('app2', 'lib2', 'tool2');
  catalog.take(OLD, { release: 'v2025.11.0' });
  catalog.take(NEW);
  expect([catalog.lock(), catalog.next()]).toEqual([
    ['app2', 'tool2'],
    ['app3', 'tool3'],
  ]);
  catalog.build('app3', 'tool3');
  catalog.take(NEW, { fresh: false });
  expect(catalog.lock()).toEqual(['app2', 'tool2']);
  catalog.build('lib3');
  catalog.take(NEW, { fresh: false });
  expect([catalog.lock(), catalog.next()]).toEqual([['app3', 'tool3'], []]);
  expect(readSolvedEnvironment(catalog.folder, 'course')).toEqual({
    targets: { 'zen3-here': { release: 'v2026.06.0', date: DATE } },
    roots: { 'zen3-here': [pad('app3'), pad('tool3')] },
    runs: {},
    nextRoots: {},
  });
});

test('records the lock for a target whose name each object has', () => {
  const catalog = openCatalog();
  catalog.take(OLD, { target: 'constructor' }, 'https://github.com/o/r/actions/runs/7');
  catalog.take(NEW, { target: 'toString' });
  expect(catalog.lock()).toEqual(['app2', 'tool2', 'app3', 'tool3']);
});

test('does not wait for roots that were not built before or are no longer requested', () => {
  const catalog = openCatalog('tool2', 'tool3');
  catalog.take(OLD);
  catalog.take(NEW);
  expect([catalog.lock(), catalog.next()]).toEqual([['app3', 'tool3'], []]);
  const other = openCatalog('app2', 'lib2', 'tool2');
  other.take(OLD);
  other.take({ ...NEW, roots: NEW.roots.map((root) => ({ ...root, spec: `${root.spec}@2` })) });
  expect(other.lock()).toEqual(['app3', 'tool3']);
});

test('records the release of a kept lock, not that of the runs that kept it', () => {
  const catalog = openCatalog();
  catalog.take(OLD, { fresh: false, release: 'v2025.11.0' });
  catalog.take(NEW, { fresh: false, release: 'v2026.06.0' });
  expect(readSolvedEnvironment(catalog.folder, 'course').targets['zen3-here']?.release).toBe('v2025.11.0');
});

test('does not change a waiting lock of another system', () => {
  const catalog = openCatalog('app2', 'lib2', 'tool2');
  catalog.take(OLD);
  catalog.take(NEW);
  const arm = lock({ hash: 'arm', target: 'neoverse', root: true });
  for (const root of arm.roots) root.hash = pad(root.hash);
  catalog.take(arm, { target: 'arm-there' });
  expect([catalog.lock(), catalog.next()]).toEqual([
    ['app2', 'tool2', 'arm'],
    ['app3', 'tool3'],
  ]);
  catalog.build('app3', 'lib3', 'tool3');
  catalog.take(NEW);
  expect([catalog.lock(), catalog.next()]).toEqual([['arm', 'app3', 'tool3'], []]);
});

test('keeps the roots of other targets, replaces those of this one, and drops nodes that are no longer needed', () => {
  const catalog = openCatalog();
  const solved = (hash: string, target: string, needs: string) => {
    const text = lock({ hash, target, root: true, needs: [needs] }, { hash: needs, target });
    for (const root of text.roots) root.hash = pad(root.hash);
    return text;
  };
  catalog.take(solved('old', 'zen3', 'gone'));
  catalog.take(solved('arm', 'neoverse', 'lib'), { target: 'arm-there' });
  catalog.take(solved('new', 'zen3', 'lib2'));
  expect(catalog.lock()).toEqual(['arm', 'new']);
  const text = readFileSync(join(catalog.folder, 'environments/course.lock.json'), 'utf8');
  const { concrete_specs: nodes } = JSON.parse(text) as typeof OLD;
  expect(Object.keys(nodes).sort()).toEqual(['arm', 'lib', 'lib2', 'new'].map(pad).sort());
  expect(nodes[pad('lib')]).toMatchObject({ kept: 'as it is' });
});

// KWIVER, Sirocco and others require target=x86_64 in an environment, whatever the target of the cache.
test('records roots of another processor that the environment requests for a target, and drops them again', () => {
  const catalog = openCatalog();
  const generic = lock(
    { hash: 'app4', target: 'x86_64', root: true },
    { hash: 'tool4', target: 'zen3', root: true },
  );
  for (const root of generic.roots) root.hash = pad(root.hash);
  catalog.take(generic);
  catalog.take(OLD, { target: 'other' });
  expect(catalog.lock()).toEqual(['app4', 'tool4', 'app2', 'tool2']);
  catalog.take(NEW);
  expect(catalog.lock()).toEqual(['app2', 'tool2', 'app3', 'tool3']);
});

test('gives the lock of a newer run precedence, for each target and whichever run ends first', () => {
  const catalog = openCatalog();
  const runOf = (id: number) => `https://github.com/owner/cache/actions/runs/${id}`;
  const why = (run: string | undefined, target = 'zen3-here', ...changed: string[]) =>
    whyOutdated({ ...REQUEST, target }, { catalogDirectory: catalog.folder, changed: new Set(changed), run });
  expect(why(runOf(99))).toBeUndefined();
  catalog.take(NEW, {}, runOf(101));
  expect(why(runOf(99))).toBe(
    'environment course: a newer run has recorded its lock for zen3-here, so that of this run is not recorded: ' +
      runOf(101),
  );
  for (const run of [runOf(101), runOf(102), undefined]) expect(why(run)).toBeUndefined();
  expect(why(runOf(99), 'arm-there')).toBeUndefined();
  expect(why(runOf(102), 'zen3-here', 'course')).toContain('its spack.yaml has changed');
});

test('records nothing for a lock without roots, which would not be JSON and break every reader of the catalog', () => {
  const catalog = mkdtempSync(join(tmpdir(), 'locks-'));
  const files = environmentFiles(REQUEST, JSON.stringify(lock()), catalog, NOW);
  expect(files).toEqual([]);
});

test.each([
  [
    'whose root is missing',
    { ...NEW, concrete_specs: {} },
    /expected a spack\.lock with all dependencies of its roots, found no \/app3a/,
  ],
  [
    'whose node the catalog could not read',
    { ...NEW, concrete_specs: { ...NEW.concrete_specs, [pad('lib3')]: { name: 'lib3' } } },
    /expected a spack\.lock, found at "concrete_specs\.lib3a+\.version"/,
  ],
])('refuses a lock %s in a sentence', (_, text, sentence) => {
  const catalog = mkdtempSync(join(tmpdir(), 'locks-'));
  expect(() => environmentFiles(REQUEST, JSON.stringify(text), catalog, NOW)).toThrow(sentence);
});

const hashOf = (name: string) => name.padEnd(32, 'a');

function node(name: string, target: string, os: string, dependency?: string) {
  const parameters = { deptypes: ['link'], virtuals: [] };
  const dependencies = dependency ? [{ name: dependency, hash: hashOf(dependency), parameters }] : [];
  return {
    name,
    version: '1',
    arch: { platform: 'linux', platform_os: os, target },
    dependencies,
    hash: hashOf(name),
    extra: 1,
  };
}

const NODES = [
  node('app', 'x86_64_v3', 'ubuntu24.04', 'lib'),
  node('lib', 'x86_64_v3', 'ubuntu24.04'),
  node('old', 'x86_64_v3', 'almalinux8'),
  node('arm', 'aarch64', 'ubuntu24.04'),
];
const LOCK = JSON.stringify({
  _meta: { 'file-type': 'spack-lockfile', 'lockfile-version': 6, 'specfile-version': 5 },
  spack: { version: '1.1.0' },
  roots: ['app', 'old', 'arm'].map((name) => ({ hash: hashOf(name), spec: name })),
  concrete_specs: Object.fromEntries(NODES.map((one) => [one.hash, one])),
});

const HERE = { microarchitecture: 'x86_64_v3', operatingSystem: 'ubuntu24.04' };

test('picks the roots of one system and their dependencies, with every key that Spack wrote', () => {
  const text = pickTarget(LOCK, 'here', {}, HERE) ?? '';
  expect(JSON.parse(text)).toEqual({
    _meta: { 'file-type': 'spack-lockfile', 'lockfile-version': 6, 'specfile-version': 5 },
    spack: { version: '1.1.0' },
    roots: [{ hash: hashOf('app'), spec: 'app' }],
    concrete_specs: { [hashOf('app')]: NODES[0], [hashOf('lib')]: NODES[1] },
  });
});

test('returns nothing for a system without a solution', () => {
  expect(
    pickTarget(LOCK, 'mac', {}, { microarchitecture: 'aarch64', operatingSystem: 'macos15' }),
  ).toBeUndefined();
});

test('picks the recorded roots of a target, whatever their processor, unless the system has changed', () => {
  const rootsOf = (target: string, recorded: Record<string, string[]>) => {
    const text = pickTarget(LOCK, target, recorded, HERE);
    return text === undefined ? [] : LockFile.parse(JSON.parse(text)).roots.map(({ spec }) => spec);
  };
  expect(rootsOf('here', { here: [hashOf('arm'), hashOf('old')] })).toEqual(['arm']);
  expect(rootsOf('here', { other: [hashOf('app')] })).toEqual([]);
});

test('recognizes a solution that is already locked', () => {
  const roots = ['arm', 'app', 'old'].map((name) => ({ hash: hashOf(name), spec: 'typed again' }));
  expect(hasSameRoots('hash', LOCK, { roots })).toBe(true);
  expect(hasSameRoots('hash', LOCK, { roots: roots.slice(1) })).toBe(false);
});

test('recognizes whether the owner asks for other specs than the locked ones', () => {
  const roots = ['old', 'arm', 'app'].map((name) => ({ hash: hashOf('other'), spec: name }));
  expect(hasSameRoots('spec', LOCK, { roots })).toBe(true);
  expect(hasSameRoots('spec', LOCK, { roots: roots.slice(1) })).toBe(false);
});
