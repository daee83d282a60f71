import type { CatalogBuild, SiteCatalog } from '../../lib/catalog/site-catalog.ts';

/** A build to show, with the catalog that it is in. */
export interface BuildProps {
  entry: CatalogBuild;
  catalog: SiteCatalog;
}
