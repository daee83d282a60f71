import type { CatalogEntries } from '../../site/lib/catalog/site-catalog.ts';

/** The entries of an empty catalog. */
export const NO_ENTRIES: CatalogEntries = {
  specs: [],
  builds: [],
  manifests: [],
  packages: [],
  containers: [],
  keys: [],
  failures: [],
  environments: [],
  locks: [],
  stats: [],
  removed: [],
  mirrors: [],
  snapshots: [],
  pins: [],
  solved: [],
  checks: [],
  cache: [],
};
