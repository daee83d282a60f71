import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Loader } from 'astro/loaders';
import glob from 'fast-glob';
import pMap from 'p-map';
import { parseSettings } from '../../schemas/settings.ts';
import { CATALOG_FILES, type CatalogKind } from './catalog-files.ts';

/** Files read at the same time. */
const CONCURRENCY = 32;

/**
 * Loads the files of one kind from the folder that `CATALOG_DIR` names, afresh each time, sorted by path. They are
 * parsed once, where they are shaped (`shape-catalog.ts`).
 * An entry's `body` is the file's text, unchanged, and its `data` stays empty: Astro replaces texts in `data` that
 * begin with its own marks, and others' text may hold anything.
 */
export function catalogLoader(kind: CatalogKind): Loader {
  return createLoader(kind, (body) => ({ data: {}, body }));
}

/** Loads the mirror's manifests: of each only whether it is signed, since the site shows no more of it. */
export function manifestLoader(): Loader {
  return createLoader('manifests', (text) => ({ data: { signed: isSigned(text) } }));
}

function isSigned(manifest: string): boolean {
  return manifest.startsWith('-----BEGIN PGP SIGNED MESSAGE-----');
}

interface Entry {
  data: Record<string, unknown>;
  body?: string;
}

function createLoader(kind: CatalogKind, toEntry: (text: string) => Entry): Loader {
  return {
    name: 'catalog',
    async load({ store }) {
      const entries = await loadEntries(kind);
      store.clear();
      // Astro warns of a collection that never held an entry, at each reading; an empty one is nothing unusual.
      store.set({ id: '-', data: {} });
      store.delete('-');
      for (const { id, body } of entries) store.set({ id, ...toEntry(body) });
    },
  };
}

/** The files of one kind, sorted by path. For the few that need no collection. */
export async function loadEntries(kind: CatalogKind): Promise<{ id: string; body: string }[]> {
  const { folder, ending } = CATALOG_FILES[kind];
  const root = join(parseSettings(process.env).CATALOG_DIR, folder);
  const depth = folder === '' ? 1 : Infinity;
  const paths = (await glob(`**/*${ending}`, { cwd: root, deep: depth })).sort();
  return pMap(
    paths,
    async (path) => ({
      id: path.slice(0, -ending.length),
      body: await readFile(join(root, path), 'utf8'),
    }),
    { concurrency: CONCURRENCY },
  );
}
