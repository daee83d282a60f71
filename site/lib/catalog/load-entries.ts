import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import glob from 'fast-glob';
import pMap from 'p-map';
import { CATALOG_FILES, type CatalogEntry, type CatalogKind } from './catalog-files.ts';

/** Files read at the same time. */
const CONCURRENCY = 32;

/**
 * The files of one kind in the catalog's folder, sorted by path.
 * They are no content collections: Astro keeps the texts of those in a store, writes it, and bundles it as a module that
 * is parsed once more, which takes 0.4 GB at 3,000 builds.
 */
export async function loadEntries(directory: string, kind: CatalogKind): Promise<Required<CatalogEntry>[]> {
  return loadFiles(directory, kind, (id, body) => ({ id, body }));
}

/** Of each of the mirror's manifests only whether it is signed: the site shows no more of it. */
export async function loadManifests(directory: string): Promise<{ id: string; data: { signed: boolean } }[]> {
  return loadFiles(directory, 'manifests', (id, text) => ({ id, data: { signed: isSigned(text) } }));
}

function isSigned(manifest: string): boolean {
  return manifest.startsWith('-----BEGIN PGP SIGNED MESSAGE-----');
}

async function loadFiles<Entry>(
  directory: string,
  kind: CatalogKind,
  toEntry: (id: string, text: string) => Entry,
): Promise<Entry[]> {
  const { folder, ending } = CATALOG_FILES[kind];
  const root = join(directory, folder);
  const depth = folder === '' ? 1 : Infinity;
  const paths = (await glob(`**/*${ending}`, { cwd: root, deep: depth })).sort();
  return pMap(
    paths,
    async (path) => toEntry(path.slice(0, -ending.length), await readFile(join(root, path), 'utf8')),
    { concurrency: CONCURRENCY },
  );
}
