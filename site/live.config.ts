import { defineLiveCollection } from 'astro:content';
import { CATALOG_FILES, CATALOG_KINDS, type CatalogKind, catalogPath } from './lib/catalog/catalog-files.ts';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LiveLoader } from 'astro/loaders';
import glob from 'fast-glob';
import pMap from 'p-map';
import { parseSettings } from './schemas/settings.ts';

const define = (kind: CatalogKind) => defineLiveCollection({ loader: catalogLoader(kind) });

/**
 * The catalog: texts of files, which `lib/catalog/catalog-files.ts` describes and parses. The collections are
 * live, because Astro would write the entries of others to a store and bundle that as a module, which is
 * parsed again and takes 0.3 GB for 3,000 builds.
 */
export const collections = Object.fromEntries(CATALOG_KINDS.map((kind) => [kind, define(kind)])) as Record<
  CatalogKind,
  ReturnType<typeof define>
>;

/** Number of files read at the same time. */
const CONCURRENCY = 32;

/**
 * Loads the unchanged texts of one kind of file from the folder `CATALOG_DIR`,
 * sorted by path. Of the mirror's manifests it loads only the first line, because
 * the site only shows whether they are signed.
 */
function catalogLoader(kind: CatalogKind): LiveLoader<{ body: string }, { id: string }> {
  const { folder, ending } = CATALOG_FILES[kind];
  const { CATALOG_DIR } = parseSettings(process.env);
  const readEntry = async (id: string): Promise<{ id: string; data: { body: string } }> => {
    const text = await readFile(join(CATALOG_DIR, catalogPath(kind, id)), 'utf8');
    return { id, data: { body: kind === 'manifests' ? (text.split('\n', 1)[0] ?? '') : text } };
  };
  return {
    name: 'catalog',
    loadEntry: ({ filter }) => readEntry(filter.id),
    async loadCollection() {
      const root = join(CATALOG_DIR, folder);
      const paths = await glob(`**/*${ending}`, { cwd: root, deep: folder === '' ? 1 : Infinity });
      const ids = paths.sort().map((path) => path.slice(0, -ending.length));
      return { entries: await pMap(ids, readEntry, { concurrency: CONCURRENCY }) };
    },
  };
}
