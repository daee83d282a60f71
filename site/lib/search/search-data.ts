import { targetOf } from '../../schemas/node.ts';
import type { BuildIndex } from '../../schemas/search/build-index.ts';
import type { FileIndex } from '../../schemas/search/file-index.ts';
import { BUILD_STATES, HASHES_PER_FILE } from '../../schemas/search/layout.ts';
import type { PackageIndex } from '../../schemas/search/package-index.ts';
import type { RemovedBuild } from '../../schemas/search/removed-build.ts';
import type { WordIndex } from '../../schemas/search/word-index.ts';
import { freshnessOf } from '../advisories/freshness.ts';
import { DAY_MS, monthOf } from '../format.ts';
import { once } from '../once.ts';
import { runtimeClosure } from '../mirror/views.ts';
import { keyOfRow, searchRows, type SearchRow } from './search-rows.ts';
import { needsOf } from '../catalog/build-needs.ts';
import type { SiteCatalog } from '../catalog/site-catalog.ts';
import type { BuildNeeds } from '../machine/needs.ts';
import { compilersOf, variantTokens } from '../spack/spec-text.ts';
import { moreWords, shortenDescription } from './description-words.ts';
import { parseQuery } from './search-query.ts';
import { compareTexts, compareVersions } from '../spack/versions.ts';
import { makeWordList, numberLists, type WordList } from './word-list.ts';

/** Files in `/data/`, keyed by name. */
export const DATA_FILES = {
  builds: describeBuildIndex,
  files: describeFileIndex,
  packages: describePackageIndex,
  removed: listRemoved,
  words: describeWordIndex,
};

function describePackageIndex(catalog: SiteCatalog): PackageIndex {
  const { packages } = searchRows(catalog);
  const { versions, targets } = shareWords(catalog);
  const virtuals = listVirtuals(catalog);
  const placesOf = (list: WordList, words: string[] = []): number[] => words.map(list.placeOf);
  return {
    versions: versions.words,
    targets: targets.words,
    names: packages.map(({ name }) => name),
    descriptions: listDescriptions(catalog).map(shortenDescription),
    tags: packages.map(({ entry }) => entry?.metadata?.tags.join(' ') ?? ''),
    provides: packages.map(({ name }) => virtuals.get(name)?.join(' ') ?? ''),
    packageVersions: packages.map(({ entry }) => placesOf(versions, entry?.versions)),
    packageTargets: packages.map(({ entry }) => placesOf(targets, entry?.targets)),
    builds: packages.map(({ entry }) => entry?.builds.length ?? 0),
    sizes: packages.map(({ entry }) => Number((entry?.size ?? 0).toPrecision(3))),
    updated: packages.map(({ entry }) => (entry ? Math.floor(Date.parse(entry.updated) / DAY_MS) : 0)),
  };
}

function describeWordIndex(catalog: SiteCatalog): WordIndex {
  return listDescriptions(catalog).map(moreWords);
}

function describeBuildIndex(catalog: SiteCatalog): BuildIndex {
  const { rows } = searchRows(catalog);
  const { versions, targets } = shareWords(catalog);
  const facts = describeRows(catalog);
  const systems = makeWordList(facts.map(({ system }) => system).filter(Boolean));
  const libcs = makeWordList(facts.map(({ libc }) => libc).filter(Boolean));
  const compilers = makeWordList(facts.flatMap((fact) => fact.compilers));
  const variants = makeWordList(facts.flatMap((fact) => fact.variants));
  const months = makeWordList(
    facts.map(({ month }) => month),
    (left, right) => compareTexts(right, left),
  );
  const compilerSets = numberLists(facts.map((fact) => fact.compilers.map(compilers.placeOf)));
  const { comparison } = catalog;
  const states = rows.map((row) =>
    comparison && 'entry' in row ? freshnessOf(row.entry, catalog).state : undefined,
  );
  const freshness = [...new Set(states.filter((state) => state !== undefined))].sort(compareTexts);
  const variantSets = numberLists(
    facts.map((fact) => fact.variants.map(variants.placeOf).sort((left, right) => left - right)),
  );
  return {
    systems: systems.words,
    compilers: compilers.words,
    variants: variants.words,
    libcs: libcs.words,
    months: months.words,
    compilerSets: compilerSets.lists,
    variantSets: variantSets.lists,
    freshness,
    recipes: comparison?.release,
    environments: describeEnvironments(catalog),
    rows: {
      package: rows.map((row) => row.package),
      version: facts.map(({ version }) => versions.placeOf(version)),
      target: facts.map(({ target }) => targets.placeOf(target)),
      system: facts.map(({ system }) => systems.placeOf(system)),
      compilerSet: compilerSets.places,
      variantSet: variantSets.places,
      libc: facts.map(({ libc }) => libcs.placeOf(libc)),
      month: facts.map(({ month }) => months.placeOf(month)),
      size: facts.map(({ size }) => Number(size.toPrecision(3))),
      state: facts.map(({ state }) => BUILD_STATES.indexOf(state)),
      freshness: comparison ? states.map((state) => (state ? freshness.indexOf(state) : -1)) : [],
    },
  };
}

/** Files in `/data/hashes/`. */
export function listHashes(catalog: SiteCatalog): string[][] {
  const hashes = searchRows(catalog).rows.map(keyOfRow);
  const files = Math.ceil(hashes.length / HASHES_PER_FILE);
  return Array.from({ length: files }, (_, file) =>
    hashes.slice(file * HASHES_PER_FILE, (file + 1) * HASHES_PER_FILE),
  );
}

function describeFileIndex(catalog: SiteCatalog): FileIndex {
  const { rows } = searchRows(catalog);
  const contents = rows.map((row) => ('entry' in row ? row.entry.build.contents : undefined));
  const programs = makeWordList(
    contents.flatMap((entry) => entry?.programs ?? []),
    compareTexts,
  );
  const libraries = makeWordList(
    contents.flatMap((entry) => entry?.libraries ?? []),
    compareTexts,
  );
  const placesOf = (row: (typeof contents)[number]): number[] => [
    ...(row?.programs ?? []).map(programs.placeOf),
    ...(row?.libraries ?? []).map((name) => programs.words.length + libraries.placeOf(name)),
  ];
  const sets = numberLists([
    [],
    ...contents.map((entry) => [...new Set(placesOf(entry))].sort((left, right) => left - right)),
  ]);
  return {
    names: [...programs.words, ...libraries.words],
    programs: programs.words.length,
    sets: sets.lists.map((set) => set.map((place, index) => place - (set[index - 1] ?? 0))),
    rows: sets.places.slice(1),
  };
}

/** Removed builds, for the page at their old addresses. */
function listRemoved({ builds, nodes, removed }: SiteCatalog): RemovedBuild[] {
  return removed
    .filter(({ hash }) => !builds.has(hash))
    .flatMap(({ name, version, hash, stays }) => {
      const last = stays.at(-1);
      if (!last) return [];
      // Prune keeps nodes.
      const node = nodes.get(hash)?.node;
      const arch = node && {
        platform: node.arch.platform,
        os: node.arch.platform_os,
        target: targetOf(node),
      };
      return [{ name, version, hash, date: last.removed, reason: last.reason, arch }];
    });
}

function listDescriptions(catalog: SiteCatalog): string[] {
  return searchRows(catalog).packages.map(({ entry }) => entry?.metadata?.description ?? '');
}

/** Virtuals that packages provide to nodes here, keyed by package name. */
function listVirtuals({ nodes }: SiteCatalog): Map<string, string[]> {
  const virtuals = new Map<string, Set<string>>();
  for (const { node } of nodes.values()) {
    for (const { name, parameters } of node.dependencies) {
      if (parameters.virtuals.length === 0) continue;
      const providers = virtuals.get(name) ?? new Set();
      for (const virtual of parameters.virtuals) providers.add(virtual);
      virtuals.set(name, providers);
    }
  }
  return new Map([...virtuals].map(([name, virtuals]) => [name, [...virtuals].sort(compareTexts)]));
}

interface RowFacts {
  version: string;
  target: string;
  system: string;
  compilers: string[];
  variants: string[];
  libc: string;
  month: string;
  size: number;
  state: (typeof BUILD_STATES)[number];
}

const describeRows = once((catalog: SiteCatalog) =>
  searchRows(catalog).rows.map((row) => describeRow(row, catalog)),
);

function describeRow(row: SearchRow, catalog: SiteCatalog): RowFacts {
  if ('failure' in row) {
    const { spec, target = '', date } = row.failure;
    const { version, variants, compilers, ...query } = parseQuery(spec);
    return {
      version: version ?? '',
      target: target || (query.target ?? ''),
      system: '',
      compilers: compilers.filter((compiler) => compiler.includes('@')),
      variants: variants.map(({ token }) => token),
      libc: '',
      month: monthOf(date),
      size: 0,
      state: 'failed',
    };
  }
  const { build, node, state } = row.entry;
  return {
    version: node.version,
    target: targetOf(node),
    system: `${node.arch.platform} ${node.arch.platform_os}`,
    compilers: compilersOf(node, catalog.nodes).map(({ name, version }) => `${name}@${version}`),
    variants: variantTokens(node),
    libc: libcWord(needsOf(node, catalog)),
    month: monthOf(build.published),
    size: build.tarball.size,
    state,
  };
}

/**
 * Needs of a build on Linux as a word in a list: `glibc@2.36
 * 2.34`, or `glibc@2.36` if the oldest is not known.
 */
function libcWord({ libc, runs }: BuildNeeds): string {
  return [libc, libc && runs].filter(Boolean).join(' ');
}

function describeEnvironments(catalog: SiteCatalog): BuildIndex['environments'] {
  const { rows } = searchRows(catalog);
  return catalog.environments.map(({ name, lock }) => {
    const roots = lock?.roots.map(({ hash }) => hash).filter((hash) => catalog.nodes.has(hash)) ?? [];
    const members = runtimeClosure(roots, catalog.nodes, catalog.builds);
    const isMember = (row: SearchRow): boolean => 'entry' in row && members.has(row.entry.build.hash);
    return { name, rows: rows.flatMap((row, place) => (isMember(row) ? [place] : [])) };
  });
}

/** Words that the package index and the build index share. */
function shareWords(catalog: SiteCatalog): { versions: WordList; targets: WordList } {
  const facts = describeRows(catalog);
  return {
    versions: makeWordList(facts.map(({ version }) => version).filter(Boolean), compareVersions),
    targets: makeWordList(facts.map(({ target }) => target).filter(Boolean)),
  };
}
