import { defineLiveCollection } from 'astro:content';
import { CATALOG_KINDS, type CatalogKind } from './lib/catalog/catalog-files.ts';
import { catalogLoader } from './lib/catalog/catalog-loader.ts';

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
