import { getLiveCollection } from 'astro:content';
import { parseSettings } from '../../schemas/settings.ts';
import { CATALOG_KINDS, type CatalogEntry, type CatalogKind } from './catalog-files.ts';
import { readDataCommit } from './data-commit.ts';
import { shapeCatalog } from './shape-catalog.ts';
import type { SiteCatalog } from './site-catalog.ts';

let catalog: Promise<SiteCatalog> | undefined;

/** The catalog for pages and API, read and shaped once, at the first call. */
export function loadCatalog(): Promise<SiteCatalog> {
  catalog ??= readCatalog();
  return catalog;
}

async function readCatalog(): Promise<SiteCatalog> {
  const settings = parseSettings(process.env);
  const commit = await readDataCommit(settings.CATALOG_DIR);
  const texts = {} as Record<CatalogKind, CatalogEntry[]>;
  // One kind after the other, because each reads many files at the same time.
  for (const kind of CATALOG_KINDS) texts[kind] = await readTexts(kind);
  const manifests = texts.manifests.map(({ id, body = '' }) => ({
    id,
    data: { signed: body.startsWith('-----BEGIN PGP SIGNED MESSAGE-----') },
  }));
  return { ...shapeCatalog({ ...texts, manifests }, settings), ...(commit === undefined ? {} : { commit }) };
}

/** Entries of a collection. Throws the error of its loader. */
async function readTexts(kind: CatalogKind): Promise<CatalogEntry[]> {
  const { entries, error } = await getLiveCollection(kind);
  if (!entries) throw error?.cause ?? error;
  return entries.map(({ id, data }) => ({ id, body: data.body }));
}
