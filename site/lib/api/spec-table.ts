import type { SpecTable } from '../../schemas/api/spec-table.ts';
import { targetOf } from '../../schemas/node.ts';
import { freshnessOf } from '../advisories/freshness.ts';
import type { KnownBuild } from '../catalog/coverage.ts';
import type { CatalogBuild, SiteCatalog } from '../catalog/site-catalog.ts';
import { compilersOf } from '../spack/spec-text.ts';
import { buildSystemOf } from '../times/build-times.ts';
import { compareTexts } from '../spack/versions.ts';

type Words = SpecTable['words'];
type Columns = SpecTable['columns'];

/** Builds as columns, in the given order. */
export function fillTable(
  builds: readonly CatalogBuild[],
  catalog: Pick<SiteCatalog, 'nodes' | 'comparison'>,
): Pick<SpecTable, 'builds' | 'words' | 'columns'> {
  const { nodes } = catalog;
  const freshness = builds.map((entry) => freshnessOf(entry, catalog).state);
  const names = builds.map(({ build }) => build.name);
  const texts: Record<keyof Words, string[]> = {
    package: names,
    version: builds.map(({ build }) => build.version),
    platform: builds.map(({ node }) => node.arch.platform),
    os: builds.map(({ node }) => node.arch.platform_os),
    target: builds.map(({ node }) => targetOf(node)),
    compiler: builds.map(({ node }) =>
      compilersOf(node, nodes)
        .map(({ name, version }) => `${name}@${version}`)
        .join(),
    ),
    buildSystem: builds.map(({ node }) => buildSystemOf(node)),
    freshness,
  };
  const words: Words = {
    package: distinct(texts.package).sort(compareTexts),
    version: distinct(texts.version),
    platform: distinct(texts.platform),
    os: distinct(texts.os),
    target: distinct(texts.target),
    compiler: distinct(texts.compiler),
    buildSystem: distinct(texts.buildSystem),
    freshness: distinct(freshness),
  };
  const columns: Columns = {
    hash: builds.map(({ build }) => build.hash),
    package: placesOf(texts.package, words.package),
    version: placesOf(texts.version, words.version),
    platform: placesOf(texts.platform, words.platform),
    os: placesOf(texts.os, words.os),
    target: placesOf(texts.target, words.target),
    compiler: placesOf(texts.compiler, words.compiler),
    buildSystem: placesOf(texts.buildSystem, words.buildSystem),
    freshness: placesOf(texts.freshness, words.freshness),
    size: builds.map(({ build }) => build.tarball.size),
    seconds: builds.map(({ build: { times } }) => (times ? Math.max(1, Math.round(times.total)) : 0)),
    published: builds.map(({ build }) => Date.parse(build.published) / 1000),
    site: builds.map(({ state }) => (state === 'site' ? 1 : 0)),
  };
  return { builds: builds.length, words, columns };
}

/** Builds read back from the columns. Throws if the columns are inconsistent. */
export function readTable({ words, columns }: Pick<SpecTable, 'words' | 'columns'>): KnownBuild[] {
  return columns.hash.map((hash, row) => ({
    hash,
    name: wordAt(words, columns, 'package', row),
    version: wordAt(words, columns, 'version', row),
    target: wordAt(words, columns, 'target', row),
    size: columns.size[row] ?? 0,
    buildSystem: wordAt(words, columns, 'buildSystem', row),
    seconds: columns.seconds[row] || undefined,
  }));
}

function wordAt(words: Words, columns: Columns, column: keyof Words, row: number): string {
  const word = words[column][columns[column][row] ?? -1];
  if (word === undefined)
    throw new Error(`columns.${column}: expected a place in words.${column} for build ${row}, found none`);
  return word;
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

function placesOf(texts: readonly string[], words: readonly string[]): number[] {
  const places = new Map(words.map((word, place) => [word, place]));
  return texts.map((text) => places.get(text) ?? 0);
}
