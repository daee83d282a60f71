import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LiveLoader } from 'astro/loaders';
import glob from 'fast-glob';
import pMap from 'p-map';
import { parseSettings } from '../../schemas/settings.ts';
import { CATALOG_FILES, catalogPath, type CatalogKind } from './catalog-files.ts';

/** Files read at the same time. */
const CONCURRENCY = 32;

/**
 * Loads the files of one kind from the folder that `CATALOG_DIR` names, sorted by path: of each its text, unchanged.
 * They are parsed once, where they are shaped (`shape-catalog.ts`).
 */
export function catalogLoader(kind: CatalogKind): LiveLoader<{ body: string }, { id: string }> {
  return createLoader(kind, (body) => ({ body }));
}

/** Loads the mirror's manifests: of each only whether it is signed, since the site shows no more of it. */
export function manifestLoader(): LiveLoader<{ signed: boolean }, { id: string }> {
  return createLoader('manifests', (text) => ({
    signed: text.startsWith('-----BEGIN PGP SIGNED MESSAGE-----'),
  }));
}

function createLoader<Data extends Record<string, unknown>>(
  kind: CatalogKind,
  toData: (text: string) => Data,
): LiveLoader<Data, { id: string }> {
  const { folder, ending } = CATALOG_FILES[kind];
  const readEntry = async (id: string): Promise<{ id: string; data: Data }> => {
    const path = join(parseSettings(process.env).CATALOG_DIR, catalogPath(kind, id));
    return { id, data: toData(await readFile(path, 'utf8')) };
  };
  return {
    name: 'catalog',
    loadEntry: ({ filter }) => readEntry(filter.id),
    async loadCollection() {
      const root = join(parseSettings(process.env).CATALOG_DIR, folder);
      const paths = await glob(`**/*${ending}`, { cwd: root, deep: folder === '' ? 1 : Infinity });
      const ids = paths.sort().map((path) => path.slice(0, -ending.length));
      return { entries: await pMap(ids, readEntry, { concurrency: CONCURRENCY }) };
    },
  };
}
