import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { BuildIndex } from '../../schemas/search/build-index.ts';
import type { FileIndex } from '../../schemas/search/file-index.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import { moreWords, shortenDescription } from '../../lib/search/description-words.ts';
import { parseQuery } from '../../lib/search/search-query.ts';
import { compareTexts, compareVersions } from '../../lib/spack/versions.ts';
import { addFileIndex, addWordIndex, createSearchEngine, search, setMachine } from './engine.ts';
import { relaxSearch } from './relax.ts';

/** Share of queries, and of phrases without any name, that must have the intended result in first place. */
const [SHARE, PHRASES_SHARE] = [0.95, 0.7];

const FIXTURES = new URL('../../../tests/fixtures/search/', import.meta.url);
/**
 * Packages of spack-packages v2025.11.0. `builds` is the number of recipes that depend on one, plus 300 for
 * Spack's default providers of virtuals; files are a few well-known ones.
 */
const Packages = z.array(
  z.object({
    name: z.string(),
    description: z.string(),
    tags: z.array(z.string()),
    provides: z.array(z.string()),
    versions: z.array(z.string()),
    builds: z.number(),
    files: z.array(z.string()),
  }),
);
const packages = Packages.parse(JSON.parse(readFileSync(new URL('packages.json', FIXTURES), 'utf8')));
/** Queries and the expected first result: one package, or any of several equally good ones. */
const [queries, phrases] = ['queries.json', 'phrases.json'].map((file) =>
  z
    .array(z.tuple([z.string(), z.string()], z.string()))
    .parse(JSON.parse(readFileSync(new URL(file, FIXTURES), 'utf8'))),
);

const sorted = packages.toSorted((left, right) => compareTexts(left.name, right.name));
const rows = sorted.flatMap((entry, place) => entry.versions.map((version) => ({ place, version, entry })));
const engine = createSearchEngine(indexPackages(), indexBuilds());
addFileIndex(engine, indexFiles());
addWordIndex(
  engine,
  sorted.map(({ description }) => moreWords(description)),
);

function indexPackages(): PackageIndex {
  const versions = [...new Set(rows.map(({ version }) => version))].sort(compareVersions);
  return {
    versions,
    targets: ['x86_64_v3'],
    names: sorted.map(({ name }) => name),
    descriptions: sorted.map(({ description }) => shortenDescription(description)),
    tags: sorted.map(({ tags }) => tags.join(' ')),
    provides: sorted.map(({ provides }) => provides.join(' ')),
    packageVersions: sorted.map((entry) => entry.versions.map((version) => versions.indexOf(version))),
    packageTargets: sorted.map(() => [0]),
    builds: sorted.map(({ builds }) => builds),
    sizes: sorted.map(() => 1),
    updated: sorted.map(() => 1),
  };
}

/** Every version was built for x86_64_v3 on Rocky 8 and on Rocky 9 in turn; hdf5 with MPI. */
function indexBuilds(): BuildIndex {
  const { versions } = indexPackages();
  return {
    systems: ['linux rocky8', 'linux rocky9'],
    compilers: ['gcc@14.2.0'],
    variants: ['+mpi', '~mpi'],
    libcs: ['glibc@2.28 2.17', 'glibc@2.34 2.34'],
    months: ['2026-11'],
    freshness: ['current', 'older'],
    recipes: 'v2026.06.0',
    compilerSets: [[0]],
    variantSets: [[0], []],
    environments: [],
    rows: {
      package: rows.map(({ place }) => place),
      version: rows.map(({ version }) => versions.indexOf(version)),
      target: rows.map(() => 0),
      system: rows.map((_, row) => row % 2),
      compilerSet: rows.map(() => 0),
      variantSet: rows.map(({ entry }) => Number(entry.name !== 'hdf5')),
      libc: rows.map((_, row) => row % 2),
      month: rows.map(() => 0),
      size: rows.map(() => 1),
      state: rows.map(() => 0),
      freshness: rows.map((_, row) => row % 2),
    },
  };
}

function indexFiles(): FileIndex {
  const isLibrary = (name: string): boolean => /\.so\b/.test(name);
  const all = [...new Set(packages.flatMap(({ files }) => files))].sort(compareTexts);
  const names = [...all.filter((name) => !isLibrary(name)), ...all.filter(isLibrary)];
  const sets = sorted.map(({ files }) => files.map((file) => names.indexOf(file)).sort((a, b) => a - b));
  return {
    names,
    programs: all.filter((name) => !isLibrary(name)).length,
    sets: [[], ...sets.map((set) => set.map((place, index) => place - (set[index - 1] ?? 0)))],
    rows: rows.map(({ place }) => place + 1),
  };
}

function firstFor(query: string): string {
  const [place = -1] = search(engine, parseQuery(query), new Map()).packages;
  return engine.packages.names[place] ?? 'nothing';
}

test.each([
  ['typical queries', queries, 854, SHARE],
  ['phrases that say what a program does', phrases, 73, PHRASES_SHARE],
])('%s have the intended result in first place', (_name, list = [], least, share) => {
  const wrong = list.flatMap(([query, ...wanted]) => {
    const found = firstFor(query);
    return wanted.includes(found) ? [] : [`${query}: expected ${wanted.join(' or ')}, found ${found}`];
  });
  expect(list.length).toBeGreaterThanOrEqual(least);
  expect(wrong.slice(Math.floor(list.length * (1 - share))), wrong.join('\n')).toEqual([]);
});

test('words with the same stem are related, and words in addresses are not words of a description', () => {
  expect(['expat', 'libxml2', 'tinyxml2']).toContain(firstFor('xml parsing library'));
  expect(firstFor('download files over http')).toBe('wget');
});

test('“without” excludes a variant only if something has it', () => {
  const read = (text: string): unknown => search(engine, parseQuery(text), new Map()).meaning.variants;
  expect(read('hdf5 without mpi')).toEqual([{ name: 'mpi', token: '~mpi' }]);
  expect(read('run containers without root')).toEqual([]);
  expect(firstFor('run containers without root')).toBe('fuse-overlayfs');
});

test('a word for a kind of software is ranked like any other when it is all there is', () => {
  expect(firstFor('suite')).toBe('suite-sparse');
  expect(['libtool', 'or-tools']).toContain(firstFor('tool'));
});

test('a word that a part of a name begins with may be another name with a typing error', () => {
  expect(firstFor('boots')).toBe('boost');
  expect(firstFor('bootstr')).toBe('rust-bootstrap');
  expect(firstFor('r-base')).toBe('r');
});

test('the initials of words are a virtual as well, and what many a thing is need not be said', () => {
  expect(['openmpi', 'mpich']).toContain(firstFor('message passing interface'));
  expect(firstFor('profiling tool for mpi')).toBe('mpip');
  expect(firstFor('parallel i/o library')).toBe('parallel-netcdf');
  for (const text of ['latest cmake build', 'newest version of cmake', 'cmake binary for our cluster?'])
    expect([firstFor(text), search(engine, parseQuery(text), new Map()).meaning.words]).toEqual([
      'cmake',
      ['cmake'],
    ]);
});

test('a package whose name is a word of questions is found only where nothing else is asked for', () => {
  const named = engine.packages.names.map((name) => (name === 'opari2' ? 'which' : name));
  const other = createSearchEngine({ ...engine.packages, names: named }, engine.builds);
  addFileIndex(other, indexFiles());
  const first = (text: string): unknown =>
    named[search(other, parseQuery(text), new Map()).packages[0] ?? -1];
  const texts = ['which build is newest of cmake', 'which hdf5 runs here?', 'which terminal multiplexer'];
  expect(texts.map(first)).toEqual(['cmake', 'hdf5', 'tmux']);
  expect(['which', 'gnu which', 'which target=x86_64_v3'].map(first)).toEqual(['which', 'which', 'which']);
});

test('a word is a variant only of a package that is named and has it', () => {
  const named = engine.packages.names.map((name) => (name === 'opari2' ? 'ruby-framework' : name));
  const builds = { ...engine.builds, variants: ['+test'] };
  const other = createSearchEngine({ ...engine.packages, names: named }, builds);
  const read = (text: string): unknown => search(other, parseQuery(text), new Map()).meaning.variants;
  expect(read('unit test framework')).toEqual([]);
  builds.variantSets = builds.variantSets.map(() => [0]);
  expect(read('boost test')).toEqual([{ name: 'test', token: '+test' }]);
});

test('a version and a variant belong to the named package', () => {
  expect(search(engine, parseQuery('python@2.7'), new Map()).packages).toEqual([]);
  const { packages } = search(engine, parseQuery('hdf5 +mpi'), new Map());
  expect(packages.map((place) => engine.packages.names[place])).toEqual(['hdf5']);
});

test('if no result has all words, those that match no name are left out and reported', () => {
  const { packages, ignored } = search(engine, parseQuery('cuda toolkit'), new Map());
  expect([engine.packages.names[packages[0] ?? -1], ignored]).toEqual(['cuda', ['toolkit']]);
  expect(search(engine, parseQuery('bwa-mem'), new Map()).ignored).toEqual(['mem']);
  expect(search(engine, parseQuery('netcdf fortran'), new Map()).ignored).toEqual([]);
  expect(search(engine, parseQuery('quantum nonsense-word'), new Map())).toMatchObject({
    ignored: ['nonsense-word'],
  });
  expect(search(engine, parseQuery('no nonsense-word xyzzy'), new Map())).toMatchObject({
    packages: [],
    ignored: [],
  });
});

test('of packages that have as many of the words, the one with the shorter description is shown', () => {
  expect(firstFor('fast json parser for c++')).toBe('nlohmann-json');
});

test('a compiler is found by its name from before Spack 1.0', () => {
  const builds = { ...engine.builds, compilers: ['intel-oneapi-compilers@2025.2.0'] };
  const other = createSearchEngine(engine.packages, builds);
  const count = (text: string): number => search(other, parseQuery(text), new Map()).rows.length;
  expect(count('boost %oneapi')).toBe(count('boost %intel-oneapi-compilers'));
  expect(count('boost %oneapi@2025')).toBeGreaterThan(0);
  expect(count('boost oneapi')).toBeGreaterThan(0);
  expect(count('boost %oneapi@2024')).toBe(0);
  expect(count('boost %clang')).toBe(0);
});

test('builds older than the newest recipes are a facet', () => {
  const all = search(engine, parseQuery('boost'), new Map());
  const older = search(engine, parseQuery('boost'), new Map([['recipes', new Set(['older'])]]));
  expect(older.rows).toEqual(all.rows.filter((row) => row % 2 === 1));
  expect([...(all.counts.get('recipes') ?? [])]).toEqual([
    all.rows.length - older.rows.length,
    older.rows.length,
  ]);
});

test('failures are found only on request', () => {
  const place = engine.packages.names.indexOf('tree');
  const row = rows.findIndex((entry) => entry.place === place);
  const failing = structuredClone(engine.builds);
  failing.rows.state[row] = 2;
  failing.rows.size[row] = 0;
  const other = createSearchEngine(engine.packages, failing);
  expect(search(other, parseQuery('tree'), new Map()).rows).not.toContain(row);
  expect(search(other, parseQuery('tree failed'), new Map()).rows).toEqual([row]);
  expect(search(other, parseQuery('tree'), new Map([['state', new Set(['failed'])]])).rows).toEqual([row]);
  for (const [at, entry] of rows.entries())
    if (entry.place === place) [failing.rows.state[at], failing.rows.size[at]] = [2, 0];
  const [first] = relaxSearch({ text: 'tree', selection: new Map() }, other, undefined);
  expect(first).toMatchObject({ without: undefined, builds: 0 });
  expect(first?.failures).toBeGreaterThan(0);
  const nothing = { text: 'tree failed nonsense-word', selection: new Map() };
  const [way] = relaxSearch(nothing, other, undefined);
  expect(way).toMatchObject({ without: 'nonsense-word', builds: 0, failures: 1 });
});

test('a system finds builds that its glibc can run, a target those that it can run', () => {
  const own = (found: number[]): number[] => found.filter((row) => rows[row]?.entry.name === 'hdf5');
  const all = own(search(engine, parseQuery('hdf5 target=zen3'), new Map()).rows);
  expect(all).toHaveLength(rows.filter(({ entry }) => entry.name === 'hdf5').length);
  const rocky8 = search(engine, parseQuery('hdf5 target=zen3 os=rocky8'), new Map()).rows;
  expect(rocky8.length).toBeGreaterThan(0);
  expect(rocky8.every((row) => engine.builds.rows.system[row] === 0)).toBe(true);
  expect(search(engine, parseQuery('hdf5 target=neoverse_v1'), new Map()).rows).toEqual([]);
  expect(own(search(engine, parseQuery('hdf5 rocky'), new Map()).rows)).toEqual(all);
  const arm = createSearchEngine({ ...engine.packages, targets: ['neoverse_v1'] }, engine.builds);
  for (const word of ['arm', 'arm64', 'aarch64'])
    expect(own(search(arm, parseQuery(`hdf5 ${word}`), new Map()).rows)).toEqual(all);
});

test('if there is no build for a system, the needs of the nearest build are shown', () => {
  const { version = '' } = rows.find(({ entry }, row) => entry.name === 'hdf5' && row % 2 === 1) ?? {};
  const state = { text: `hdf5@=${version} os=rocky8`, selection: new Map() };
  const ways = relaxSearch(state, engine, undefined);
  const need = 'needs glibc 2.34 or newer (yours: 2.28)';
  const words = { text: `hdf5@=${version} Rocky 8`, selection: new Map() };
  expect(relaxSearch(words, engine, undefined)).toContainEqual(
    expect.objectContaining({ without: 'rocky8', builds: 1, need }),
  );
  expect(ways).toContainEqual(expect.objectContaining({ without: 'os=rocky8', builds: 1, need }));
});

test('if a machine can run no build, the nearest is one for its own platform', () => {
  const index = indexBuilds();
  const mixed = createSearchEngine(
    { ...engine.packages, targets: ['x86_64_v4', 'm1'] },
    {
      ...index,
      systems: ['linux rocky8', 'darwin sequoia'],
      libcs: ['glibc@2.28 2.17', ''],
      rows: { ...index.rows, target: rows.map((_, row) => row % 2) },
    },
  );
  setMachine(mixed, { platform: 'linux', os: 'rocky8', target: 'x86_64_v2', glibc: '2.28' });
  const [way] = relaxSearch(
    { text: 'hdf5', selection: new Map([['runs', new Set(['yes'])]]) },
    mixed,
    undefined,
  );
  expect(way?.need).toMatch(/^needs x86_64_v4/);
});

test('if two conditions have to be left out, both are, but never the name', () => {
  const ways = relaxSearch(
    { text: 'hdf5 with MPI for my m1 macOS', selection: new Map() },
    engine,
    undefined,
  );
  expect(ways.map(({ without }) => without)).toEqual(['m1 and macOS']);
  expect(ways[0]?.builds).toBeGreaterThan(0);
});

test('a hash is found with and without its slash, from four characters on', () => {
  const hashes = rows.map((_, row) => `q${row.toString(5).replaceAll('1', '7').replaceAll('0', '6')}abcdefg`);
  const wanted = hashes[3] ?? '';
  const name = rows[3]?.entry.name ?? '';
  for (const text of [wanted, `/${wanted}`, `${name}/${wanted}`, `${wanted.slice(0, 7)} ${name}`])
    expect(search(engine, parseQuery(text), new Map(), hashes).rows).toEqual([3]);
  // Among thousands of hashes, one begins with `nvcc`, and one with `test`.
  for (const [text, first] of [
    ['nvcc', 'cuda'],
    ['test framework', firstFor('test framework')],
  ] as const) {
    const alike = rows.map(() => `${text.slice(0, 4)}abcdefg`);
    const [place = -1] = search(engine, parseQuery(text), new Map(), alike).packages;
    expect(engine.packages.names[place]).toBe(first);
  }
});
