import { defineLiveCollection } from 'astro:content';
import { catalogLoader, manifestLoader } from './lib/catalog/catalog-loader.ts';

/**
 * The catalog: texts of files, which `lib/catalog/catalog-files.ts` describes and parses. The collections are live:
 * Astro keeps the entries of others in a store, writes it, and bundles it as a module that is parsed once more, which
 * takes 0.3 GB at 3,000 builds.
 */
export const collections = {
  specs: defineLiveCollection({ loader: catalogLoader('specs') }),
  builds: defineLiveCollection({ loader: catalogLoader('builds') }),
  manifests: defineLiveCollection({ loader: manifestLoader() }),
  containers: defineLiveCollection({ loader: catalogLoader('containers') }),
  failures: defineLiveCollection({ loader: catalogLoader('failures') }),
  packages: defineLiveCollection({ loader: catalogLoader('packages') }),
  environments: defineLiveCollection({ loader: catalogLoader('environments') }),
  locks: defineLiveCollection({ loader: catalogLoader('locks') }),
  solved: defineLiveCollection({ loader: catalogLoader('solved') }),
  keys: defineLiveCollection({ loader: catalogLoader('keys') }),
  removed: defineLiveCollection({ loader: catalogLoader('removed') }),
  stats: defineLiveCollection({ loader: catalogLoader('stats') }),
  mirrors: defineLiveCollection({ loader: catalogLoader('mirrors') }),
  snapshots: defineLiveCollection({ loader: catalogLoader('snapshots') }),
  pins: defineLiveCollection({ loader: catalogLoader('pins') }),
  checks: defineLiveCollection({ loader: catalogLoader('checks') }),
  cache: defineLiveCollection({ loader: catalogLoader('cache') }),
};
