import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Loader } from 'astro/loaders';
import glob from 'fast-glob';
import pMap from 'p-map';
import type { z } from 'zod';
import { parseSettings } from '../../schemas/settings.ts';
import { parseEntry } from './parse-entry.ts';

/** Files read at the same time. */
const CONCURRENCY = 32;

/** Which of the catalog's files make a collection. */
export interface CatalogFiles {
  /** Folder in the catalog; empty for the catalog itself. */
  folder: string;
  /** How the names of the files end; what comes before, with the folders in between, is an entry's id. */
  ending: string;
  /** What the JSON in a file must be. Absent: the file is text of another kind. */
  schema?: z.ZodType;
}

/**
 * Loads a collection from the folder that `CATALOG_DIR` names, afresh each time, sorted by path.
 * An entry's `body` is the file's text, unchanged, and its `data` stays empty: Astro replaces texts in `data` that
 * begin with its own marks, and others' text may hold anything.
 */
export function catalogLoader({ folder, ending, schema }: CatalogFiles): Loader {
  return createLoader(folder, ending, (body, where) => {
    if (schema) parseEntry(body, schema, where);
    return { data: {}, body };
  });
}

/** Loads the mirror's manifests: of each only whether it is signed, since the site shows no more of it. */
export function manifestLoader(): Loader {
  return createLoader('manifests', '.spec.manifest.json', (text) => ({ data: { signed: isSigned(text) } }));
}

function isSigned(manifest: string): boolean {
  return manifest.startsWith('-----BEGIN PGP SIGNED MESSAGE-----');
}

interface Entry {
  data: Record<string, unknown>;
  body?: string;
}

function createLoader(
  folder: string,
  ending: string,
  describe: (text: string, where: string) => Entry,
): Loader {
  return {
    name: 'catalog',
    async load({ store }) {
      const root = join(parseSettings(process.env).CATALOG_DIR, folder);
      const depth = folder === '' ? 1 : Infinity;
      const paths = (await glob(`**/*${ending}`, { cwd: root, deep: depth })).sort();
      const texts = await pMap(paths, (path) => readFile(join(root, path), 'utf8'), {
        concurrency: CONCURRENCY,
      });
      store.clear();
      // Astro warns of a collection that never held an entry, at each reading; an empty one is nothing unusual.
      store.set({ id: '-', data: {} });
      store.delete('-');
      for (const [index, path] of paths.entries()) {
        store.set({ id: path.slice(0, -ending.length), ...describe(texts[index] ?? '', join(folder, path)) });
      }
    },
  };
}
