import { getCollection } from 'astro:content';
import { parseSettings } from '../schemas/settings.ts';
import { readDataCommit } from './data-commit.ts';
import { shapeCatalog } from './shape-catalog.ts';
import type { SiteCatalog } from './shape-catalog.ts';

let catalog: Promise<SiteCatalog> | undefined;

/** The catalog as pages and API need it: read and shaped once, at the first call. */
export function loadCatalog(): Promise<SiteCatalog> {
  catalog ??= readCatalog();
  return catalog;
}

async function readCatalog(): Promise<SiteCatalog> {
  const settings = parseSettings(process.env);
  const [specs, builds, manifests, packages, keys, locks, cache, failures, removed, stats, mirrors, commit] =
    await Promise.all([
      getCollection('specs'),
      getCollection('builds'),
      getCollection('manifests'),
      getCollection('packages'),
      getCollection('keys'),
      getCollection('locks'),
      getCollection('cache'),
      getCollection('failures'),
      getCollection('removed'),
      getCollection('stats'),
      getCollection('mirrors'),
      readDataCommit(settings.CATALOG_DIR),
    ]);
  const entries = {
    specs,
    builds,
    manifests,
    packages,
    keys,
    locks,
    cache,
    failures,
    removed,
    stats,
    mirrors,
  };
  return { ...shapeCatalog(entries, settings), ...(commit === undefined ? {} : { commit }) };
}
