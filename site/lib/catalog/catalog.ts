import { getCollection } from 'astro:content';
import { parseSettings } from '../../schemas/settings.ts';
import { loadEntries } from './catalog-loader.ts';
import { readDataCommit } from './data-commit.ts';
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
  // One after the other: they are in memory, nothing waits.
  const entries = {
    specs: await getCollection('specs'),
    builds: await getCollection('builds'),
    manifests: await getCollection('manifests'),
    packages: await getCollection('packages'),
    keys: await getCollection('keys'),
    containers: await getCollection('containers'),
    failures: await getCollection('failures'),
    environments: await getCollection('environments'),
    locks: await getCollection('locks'),
    solved: await loadEntries('solved'),
    stats: await getCollection('stats'),
    removed: await getCollection('removed'),
    cache: await getCollection('cache'),
    mirrors: await getCollection('mirrors'),
    snapshots: await getCollection('snapshots'),
    pins: await loadEntries('pins'),
    checks: await getCollection('checks'),
  };
  return { ...shapeCatalog(entries, settings), ...(commit === undefined ? {} : { commit }) };
}
