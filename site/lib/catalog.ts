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
  const [
    specs,
    builds,
    manifests,
    packages,
    keys,
    failures,
    environments,
    locks,
    stats,
    removed,
    cache,
    mirrors,
    commit,
  ] = await Promise.all([
    getCollection('specs'),
    getCollection('builds'),
    getCollection('manifests'),
    getCollection('packages'),
    getCollection('keys'),
    getCollection('failures'),
    getCollection('environments'),
    getCollection('locks'),
    getCollection('stats'),
    getCollection('removed'),
    getCollection('cache'),
    getCollection('mirrors'),
    readDataCommit(settings.CATALOG_DIR),
  ]);
  const entries = {
    specs,
    builds,
    manifests,
    packages,
    keys,
    failures,
    environments,
    locks,
    stats,
    removed,
    cache,
    mirrors,
  };
  return { ...shapeCatalog(entries, settings), ...(commit === undefined ? {} : { commit }) };
}
