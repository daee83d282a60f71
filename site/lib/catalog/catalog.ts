import type { CatalogKind } from './catalog-files.ts';
import { parseSettings } from '../../schemas/settings.ts';
import { readDataCommit } from './data-commit.ts';
import { loadEntries, loadManifests } from './load-entries.ts';
import { shapeCatalog } from './shape-catalog.ts';
import type { SiteCatalog } from './site-catalog.ts';

let catalog: Promise<SiteCatalog> | undefined;

/** The catalog as pages and API need it: read and shaped once, at the first call. */
export function loadCatalog(): Promise<SiteCatalog> {
  catalog ??= readCatalog();
  return catalog;
}

async function readCatalog(): Promise<SiteCatalog> {
  const settings = parseSettings(process.env);
  const commit = await readDataCommit(settings.CATALOG_DIR);
  const load = (kind: CatalogKind): ReturnType<typeof loadEntries> => loadEntries(settings.CATALOG_DIR, kind);
  // One kind after the other: each reads many files at the same time.
  const entries = {
    specs: await load('specs'),
    builds: await load('builds'),
    manifests: await loadManifests(settings.CATALOG_DIR),
    packages: await load('packages'),
    keys: await load('keys'),
    containers: await load('containers'),
    failures: await load('failures'),
    environments: await load('environments'),
    locks: await load('locks'),
    solved: await load('solved'),
    stats: await load('stats'),
    removed: await load('removed'),
    cache: await load('cache'),
    mirrors: await load('mirrors'),
    snapshots: await load('snapshots'),
    pins: await load('pins'),
    checks: await load('checks'),
  };
  return { ...shapeCatalog(entries, settings), ...(commit === undefined ? {} : { commit }) };
}
